-- What Superset's metadata database looks like, as far as the procedures and checklists read it, with values that a careless
-- copy would spoil. Written for these tests; a real one has more tables and columns.
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);

CREATE TABLE ab_user (id serial PRIMARY KEY, username varchar(128) UNIQUE NOT NULL, email varchar(320) UNIQUE NOT NULL,
  password varchar(256), active boolean, last_login timestamp, fail_login_count int, created_on timestamp);
CREATE TABLE ab_role (id serial PRIMARY KEY, name varchar(64) UNIQUE NOT NULL);
CREATE TABLE ab_user_role (id serial PRIMARY KEY, user_id int REFERENCES ab_user, role_id int REFERENCES ab_role);
CREATE TABLE ab_group (id serial PRIMARY KEY, name varchar(100) UNIQUE NOT NULL);
CREATE TABLE ab_user_group (id serial PRIMARY KEY, user_id int REFERENCES ab_user, group_id int REFERENCES ab_group);
CREATE TABLE ab_group_role (id serial PRIMARY KEY, group_id int REFERENCES ab_group, role_id int REFERENCES ab_role);
CREATE TABLE ab_permission (id serial PRIMARY KEY, name varchar(100) UNIQUE NOT NULL);
CREATE TABLE ab_view_menu (id serial PRIMARY KEY, name varchar(255) UNIQUE NOT NULL);
CREATE TABLE ab_permission_view (id serial PRIMARY KEY, permission_id int REFERENCES ab_permission, view_menu_id int REFERENCES ab_view_menu);
CREATE TABLE ab_permission_view_role (id serial PRIMARY KEY, permission_view_id int REFERENCES ab_permission_view, role_id int REFERENCES ab_role);

CREATE TABLE dbs (id serial PRIMARY KEY, uuid uuid UNIQUE, database_name varchar(250) UNIQUE NOT NULL, sqlalchemy_uri varchar(1024) NOT NULL,
  password bytea, encrypted_extra bytea, extra text);
CREATE TABLE tables (id serial PRIMARY KEY, schema varchar(255), table_name varchar(250) NOT NULL, sql text, cache_timeout int,
  database_id int REFERENCES dbs);
CREATE TABLE slices (id serial PRIMARY KEY, slice_name varchar(250), datasource_id int, datasource_type varchar(200), params text);
CREATE TABLE dashboards (id serial PRIMARY KEY, uuid uuid UNIQUE, dashboard_title varchar(500), position_json text, published boolean,
  certified_by text, changed_on timestamp);
CREATE TABLE dashboard_slices (id serial PRIMARY KEY, dashboard_id int REFERENCES dashboards, slice_id int REFERENCES slices);
CREATE TABLE dashboard_user (id serial PRIMARY KEY, user_id int REFERENCES ab_user, dashboard_id int REFERENCES dashboards);
CREATE TABLE dashboard_roles (id serial PRIMARY KEY, dashboard_id int REFERENCES dashboards, role_id int REFERENCES ab_role);
CREATE TABLE row_level_security_filters (id serial PRIMARY KEY, name varchar(255) UNIQUE NOT NULL, filter_type varchar(255), clause text NOT NULL);
CREATE TABLE rls_filter_roles (id serial PRIMARY KEY, role_id int REFERENCES ab_role, rls_filter_id int REFERENCES row_level_security_filters);

CREATE TABLE report_schedule (id serial PRIMARY KEY, type varchar(50) NOT NULL, name varchar(150) NOT NULL, active boolean,
  crontab varchar(1000) NOT NULL, timezone varchar(100) NOT NULL DEFAULT 'UTC', last_state varchar(50), last_eval_dttm timestamp,
  working_timeout int, dashboard_id int REFERENCES dashboards, last_value float, UNIQUE (name, type));
CREATE TABLE report_schedule_user (id serial PRIMARY KEY, user_id int REFERENCES ab_user, report_schedule_id int REFERENCES report_schedule);
CREATE TABLE report_execution_log (id serial PRIMARY KEY, uuid uuid, scheduled_dttm timestamp NOT NULL, state varchar(50) NOT NULL,
  error_message text, report_schedule_id int NOT NULL REFERENCES report_schedule);
CREATE TABLE query (id serial PRIMARY KEY, client_id varchar(11) UNIQUE NOT NULL, database_id int NOT NULL REFERENCES dbs, user_id int,
  status varchar(16), sql text, start_time numeric(20,6));
CREATE TABLE logs (id serial PRIMARY KEY, action varchar(512), user_id int, dashboard_id int, json text, dttm timestamp, duration_ms int);
CREATE INDEX ix_logs_user_id_dttm ON logs (user_id, dttm);
CREATE TABLE key_value (id serial PRIMARY KEY, resource varchar(32) NOT NULL, value bytea NOT NULL, uuid uuid UNIQUE, expires_on timestamp);

INSERT INTO alembic_version VALUES ('4b2a8c9d3e1f');
INSERT INTO ab_user (username, email, password, active, last_login, fail_login_count, created_on)
  SELECT 'user' || n, 'user' || n || '@example.com', 'scrypt:' || md5(n::text), n % 7 <> 0, timestamp '2026-01-01' + n * interval '1 hour',
    n % 9, timestamp '2025-06-01 12:34:56.789012' FROM generate_series(1, 60) n;
UPDATE ab_user SET username = 'jdoe' WHERE id = 3;
INSERT INTO ab_role (name) VALUES ('Admin'), ('Alpha'), ('Gamma'), ('bi_viewer'), ('data_Größe "x"');
INSERT INTO ab_user_role (user_id, role_id) SELECT n, 1 + n % 5 FROM generate_series(1, 59) n;
INSERT INTO ab_group (name) VALUES ('analysts');
INSERT INTO ab_user_group (user_id, group_id) VALUES (2, 1);
INSERT INTO ab_group_role (group_id, role_id) VALUES (1, 1);
INSERT INTO ab_permission (name) VALUES ('can_read'), ('datasource_access'), ('all_datasource_access');
INSERT INTO ab_view_menu (name) VALUES ('Chart'), ('[db].[sales](id:1)'), ('all_datasource_access');
INSERT INTO ab_permission_view (permission_id, view_menu_id) VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO ab_permission_view_role (permission_view_id, role_id) VALUES (1, 4), (2, 5), (3, 2);

-- Bytes that are no text, a backslash that looks like an escape, a line break, a NULL beside an empty string.
INSERT INTO dbs (uuid, database_name, sqlalchemy_uri, password, encrypted_extra, extra) VALUES
  ('11111111-2222-3333-4444-555555555555', 'Lager', 'postgresql://reader@warehouse/dwh', '\x00ff5c6e0a270000', '\x', E'{"a": "\\N\\t"}'),
  (NULL, E'two\nlines', 'sqlite://', NULL, decode(repeat('00ff', 4000), 'hex'), '');
INSERT INTO tables (schema, table_name, sql, cache_timeout, database_id) VALUES ('public', 'sales', NULL, 600, 1), (NULL, 'virtual', 'select 1', NULL, 1);
INSERT INTO slices (slice_name, datasource_id, datasource_type, params) SELECT 'chart ' || n, 1 + n % 2, 'table', repeat('{"x": "ä\"}', n) FROM generate_series(1, 40) n;
INSERT INTO dashboards (uuid, dashboard_title, position_json, published, certified_by, changed_on) VALUES
  ('aaaaaaaa-0000-0000-0000-000000000001', 'Umsatz 売上 📈', E'{"tab":\t"\\u00e4\\\\"}', true, NULL, '2026-05-01'), (NULL, '', NULL, NULL, '', NULL);
INSERT INTO dashboard_slices (dashboard_id, slice_id) SELECT 1, n FROM generate_series(1, 40) n;
INSERT INTO dashboard_user (user_id, dashboard_id) VALUES (1, 1), (3, 1), (3, 2);
INSERT INTO dashboard_roles (dashboard_id, role_id) VALUES (1, 4);
INSERT INTO row_level_security_filters (name, filter_type, clause) VALUES ('north', 'Regular', 'region = ''north''');
INSERT INTO rls_filter_roles (role_id, rls_filter_id) VALUES (4, 1);
INSERT INTO report_schedule (type, name, active, crontab, last_state, last_eval_dttm, working_timeout, dashboard_id, last_value) VALUES
  ('Report', 'daily', true, '0 7 * * *', 'Success', '2026-11-01 07:00', 3600, 1, 'NaN'), ('Alert', 'daily', false, '*/5 * * * *', NULL, NULL, NULL, NULL, 1e-300);
INSERT INTO report_schedule_user (user_id, report_schedule_id) VALUES (3, 1);
INSERT INTO report_execution_log (uuid, scheduled_dttm, state, error_message, report_schedule_id)
  SELECT md5(n::text)::uuid, timestamp '2026-01-01' + n * interval '1 day', 'Success', NULL, 1 FROM generate_series(1, 200) n;
INSERT INTO query (client_id, database_id, user_id, status, sql, start_time) VALUES ('abc', 1, 3, 'running', E'select ''$$''\n;--', 1790000000000.123456);
INSERT INTO logs (action, user_id, dashboard_id, json, dttm, duration_ms)
  SELECT 'dashboard', 1 + n % 50, 1, '{}', now() - n * interval '10 minutes', n % 3000 FROM generate_series(1, 3000) n;
INSERT INTO key_value (resource, value, uuid, expires_on) VALUES ('app', '\x0001', 'aaaaaaaa-0000-0000-0000-000000000002', 'infinity');
-- Left behind by deleted rows: the next number must not be used again.
SELECT setval('dashboards_id_seq', 5000);
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO healthd;
