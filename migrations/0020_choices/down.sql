DROP TABLE choices;
DROP TABLE choice_lists;
