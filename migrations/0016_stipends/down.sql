DROP TABLE tax_forms;
DROP TABLE stipend_installments;
DROP TABLE stipends;
