"""The tables that the monitor and the runbooks read, with Superset's names and types, and only the columns that they need."""

from __future__ import annotations

# The newest migration of this double.
HEAD = "4b2a8c9d3e1f"

TABLES = """\
create table if not exists alembic_version (version_num varchar(32) primary key);
create table if not exists ab_user (
  id serial primary key, first_name varchar(64) not null, last_name varchar(64) not null, username varchar(128) unique not null,
  password varchar(256), active boolean, email varchar(320) unique not null, last_login timestamp, login_count int,
  fail_login_count int, created_on timestamp, changed_on timestamp);
create table if not exists ab_role (id serial primary key, name varchar(64) unique not null);
create table if not exists ab_user_role (id serial primary key, user_id int references ab_user, role_id int references ab_role);
create table if not exists dbs (id serial primary key, database_name varchar(250) unique not null);
create table if not exists dashboards (id serial primary key, dashboard_title varchar(500), published boolean);
create table if not exists slices (id serial primary key, slice_name varchar(250));
create table if not exists report_schedule (
  id serial primary key, type varchar(50) not null, name varchar(150) not null, active boolean, crontab varchar(1000) not null,
  timezone varchar(100) not null default 'UTC', last_eval_dttm timestamp, last_state varchar(50), working_timeout int,
  grace_period int, log_retention int, unique (name, type));
create table if not exists report_execution_log (
  id serial primary key, scheduled_dttm timestamp not null, start_dttm timestamp, end_dttm timestamp, state varchar(50) not null,
  error_message text, report_schedule_id int not null references report_schedule);
create table if not exists query (
  id serial primary key, client_id varchar(11) unique not null, database_id int not null references dbs, user_id int,
  status varchar(16), start_time numeric(20, 6), end_time numeric(20, 6));
create table if not exists logs (
  id serial primary key, action varchar(512), user_id int, dashboard_id int, slice_id int, json text, dttm timestamp,
  duration_ms int);
"""
