DROP TABLE role_lists;
DROP TABLE employments;
DROP TABLE organizations;
