// What a role may do with tables, sequences, schemas and the database itself. Rights that everybody has are
// named as such, for a REVOKE from the role would not take them away.
#include <algorithm>

#include "daemon/grants_role.hpp"
#include "daemon/grants_text.hpp"

namespace healthd {
namespace {

constexpr std::size_t longest_list = 20;

/// Relations `c` in schemas `n` that people made: not the system's, not an extension's.
const std::string relations =
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' AND n.nspname !~ "
    "'^pg_(toast|temp)'"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'"
    " AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid)";
const std::string tables = relations + " AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";

std::string everybody_has(const std::string& acl, const std::string& privilege) {
  return "EXISTS (SELECT FROM pg_catalog.aclexplode(" + acl +
         ") x WHERE x.grantee = 0 AND x.privilege_type = " + privilege + ")";
}

/// Itself, or as a member of a role that has it.
std::string role_has(const std::string& acl, const std::string& privilege) {
  return "EXISTS (SELECT FROM pg_catalog.aclexplode(" + acl + ") x WHERE x.privilege_type = " + privilege +
         " AND CASE x.grantee WHEN 0 THEN false ELSE pg_has_role(x.grantee, 'MEMBER') END)";
}

std::string through_public(const std::string& is_public, const std::string& revoke) {
  return is_public == "t" ? "; it comes from PUBLIC: REVOKE " + revoke + " FROM PUBLIC" : "";
}

void add_some(std::vector<std::string>& list, std::vector<std::string> words, const std::string& what) {
  const auto shown = std::min(words.size(), longest_list);
  for (std::size_t at = 0; at < shown; ++at) list.push_back(in_comment(words[at]));
  if (words.size() > shown) list.push_back(what + " on " + std::to_string(words.size() - shown) + " more");
}

struct Readable {
  bool whole = false;
  std::string is_public;
  std::set<std::string> columns;
};

/// By `schema.table`.
std::map<std::string, Readable> readable_tables(const AskSql& ask) {
  std::map<std::string, Readable> readable;
  const auto rows = ask("SELECT n.nspname || '.' || c.relname, has_table_privilege(c.oid, 'SELECT'), " +
                        everybody_has("c.relacl", "'SELECT'") +
                        ", (SELECT pg_catalog.string_agg(a.attname, E'\\n') FROM pg_catalog.pg_attribute a"
                        " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                        " AND has_column_privilege(c.oid, a.attnum, 'SELECT'))" +
                        tables + " AND has_any_column_privilege(c.oid, 'SELECT')");
  for (const auto& row : rows) {
    Readable one{row[1] == "t", row[2], {}};
    for (std::size_t from = 0; from < row[3].size();) {
      const auto end = std::min(row[3].find('\n', from), row[3].size());
      one.columns.insert(row[3].substr(from, end - from));
      from = end + 1;
    }
    readable.emplace(row[0], std::move(one));
  }
  return readable;
}

std::string column_list(const std::set<std::string>& columns) { return " (" + joined(columns) + ")"; }

std::set<std::string> without(const std::set<std::string>& all, const std::set<std::string>& these) {
  std::set<std::string> left;
  std::ranges::set_difference(all, these, std::inserter(left, left.end()));
  return left;
}

void compare_needed(const std::string& table, const TableAccess& access, const Readable& readable,
                    Findings& findings) {
  const auto needed_by = " on " + table + ", for " + joined(access.probes);
  if (access.columns.empty()) {
    if (!readable.whole) findings.missing.push_back("SELECT" + needed_by);
    return;
  }
  const auto lacking = without(access.columns, readable.columns);
  if (!lacking.empty()) findings.missing.push_back("SELECT" + column_list(lacking) + needed_by);
  const auto extra = without(readable.columns, access.columns);
  if (readable.whole) {
    findings.too_much.push_back("SELECT on all of " + table + ": only" + column_list(access.columns) +
                                " is needed" + through_public(readable.is_public, "SELECT ON " + table));
  } else if (!extra.empty()) {
    findings.too_much.push_back("SELECT" + column_list(extra) + " on " + table);
  }
}

void compare_reading(const AskSql& ask, const PostgresDatabase& database, Findings& findings) {
  auto readable = readable_tables(ask);
  for (const auto& [name, access] : database.tables) {
    const auto table = "public." + name;
    compare_needed(table, access, readable[table], findings);
    readable.erase(table);
  }
  std::vector<std::string> extra;
  for (const auto& [table, rights] : readable)
    extra.push_back("SELECT" + (rights.whole ? std::string{} : column_list(rights.columns)) + " on " + table +
                    through_public(rights.is_public, "SELECT ON " + table));
  add_some(findings.too_much, std::move(extra), "SELECT");
}

void compare_writing(const AskSql& ask, Findings& findings) {
  // MAINTAIN came with PostgreSQL 17, and older servers refuse the word.
  const bool maintains = !ask("SELECT 1 WHERE current_setting('server_version_num')::int >= 170000").empty();
  const std::string words = "ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'" +
                            std::string{maintains ? ", 'MAINTAIN']" : "]"};
  const auto rows =
      ask("SELECT pg_catalog.string_agg(p.word, ', ' ORDER BY p.place), c.nspname || '.' || c.relname,"
          " pg_catalog.bool_or(" +
          everybody_has("c.relacl", "p.word") + ") FROM pg_catalog.unnest(" + words +
          ") WITH ORDINALITY AS p(word, place) CROSS JOIN (SELECT c.oid, c.relname, c.relacl, n.nspname" +
          tables +
          ") AS c WHERE has_table_privilege(c.oid, p.word)"
          " OR CASE WHEN p.word IN ('INSERT', 'UPDATE', 'REFERENCES')"
          " THEN has_any_column_privilege(c.oid, p.word) END GROUP BY 2 ORDER BY 2");
  std::vector<std::string> extra;
  for (const auto& row : rows)
    extra.push_back(row[0] + " on " + row[1] + through_public(row[2], row[0] + " ON " + row[1]));
  add_some(findings.too_much, std::move(extra), "writing");
}

void compare_sequences(const AskSql& ask, const PostgresDatabase& database, Findings& findings) {
  const auto rows = ask(
      "SELECT n.nspname, c.relname, has_sequence_privilege(c.oid, 'SELECT'), has_sequence_privilege(c.oid, "
      "'USAGE'), has_sequence_privilege(c.oid, 'UPDATE')" +
      relations + " AND c.relkind = 'S' ORDER BY 1, 2");
  std::vector<std::string> missing, extra;
  for (const auto& row : rows) {
    const auto name = row[0] + "." + row[1];
    const bool needed = row[0] == "public" && !database.sequence_readers.empty();
    if (needed && row[2] != "t") missing.push_back("SELECT on sequence " + name);
    if (!needed && row[2] == "t") extra.push_back("SELECT on sequence " + name);
    if (row[3] == "t") extra.push_back("USAGE on sequence " + name);
    if (row[4] == "t") extra.push_back("UPDATE on sequence " + name);
  }
  add_some(findings.missing, std::move(missing), "SELECT on sequences: it is missing");
  add_some(findings.too_much, std::move(extra), "rights on sequences");
}

/// Until PostgreSQL 14 everybody may create in `public`, and the application itself often may only as one of
/// everybody: a REVOKE alone would end its next upgrade. So this is no fault of the role.
std::string everybody_creates(const std::string& schema, const std::string& owner) {
  return "CREATE on schema " + schema +
         " is everybody's. To end that, let the roles that create tables keep it, or the application's next "
         "upgrade fails: GRANT CREATE ON SCHEMA " +
         schema + " TO " + owner + "; and only then REVOKE CREATE ON SCHEMA " + schema + " FROM PUBLIC;";
}

void compare_schemas(const AskSql& ask, const PostgresDatabase& database, Findings& findings) {
  const std::string acl = "coalesce(n.nspacl, acldefault('n', n.nspowner))";
  const auto rows =
      ask("SELECT quote_ident(n.nspname), has_schema_privilege(n.oid, 'USAGE'), has_schema_privilege(n.oid, "
          "'CREATE'), " +
          everybody_has(acl, "'CREATE'") + ", " + role_has(acl, "'CREATE'") +
          ", (SELECT quote_ident(pg_get_userbyid(datdba)) FROM pg_catalog.pg_database WHERE datname = "
          "current_database()) FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' ORDER BY 1");
  for (const auto& row : rows) {
    if (row[0] == "public" && !database.tables.empty() && row[1] != "t")
      findings.missing.emplace_back("USAGE on schema public");
    if (row[2] != "t") continue;
    const bool is_public = row[3] == "t";
    if (is_public) findings.notes.push_back(in_comment(everybody_creates(row[0], row[5])));
    if (!is_public || row[4] == "t") findings.too_much.push_back("CREATE on schema " + in_comment(row[0]));
  }
}

/// Functions of the server that not everybody may run, such as those that read its files, and that somebody
/// has opened since. What predefined roles may run from the start is part of being a member.
void compare_functions(const AskSql& ask, Findings& findings) {
  const auto rows =
      ask("SELECT p.oid::regprocedure, pg_catalog.bool_or(x.grantee = 0) FROM pg_catalog.pg_proc p"
          " JOIN pg_catalog.pg_init_privs i ON i.objoid = p.oid AND i.classoid = "
          "'pg_catalog.pg_proc'::regclass"
          " CROSS JOIN LATERAL pg_catalog.aclexplode(p.proacl) x"
          " WHERE p.pronamespace = 'pg_catalog'::regnamespace AND NOT EXISTS (SELECT FROM"
          " pg_catalog.aclexplode(i.initprivs) o WHERE o.grantee IN (0, x.grantee))"
          " AND CASE x.grantee WHEN 0 THEN true ELSE pg_has_role(x.grantee, 'MEMBER') END"
          " GROUP BY p.oid ORDER BY p.oid::regprocedure::text");
  std::vector<std::string> extra;
  for (const auto& row : rows)
    extra.push_back("EXECUTE on function " + row[0] +
                    through_public(row[1], "EXECUTE ON FUNCTION " + row[0]));
  add_some(findings.too_much, std::move(extra), "EXECUTE");
}

void compare_tablespaces(const AskSql& ask, Findings& findings) {
  const auto rows =
      ask("SELECT spcname FROM pg_catalog.pg_tablespace WHERE has_tablespace_privilege(oid, 'CREATE') ORDER "
          "BY 1");
  for (const auto& row : rows) findings.too_much.push_back("CREATE on tablespace " + in_comment(row.front()));
}

void compare_database(const AskSql& ask, Findings& findings) {
  if (!ask("SELECT 1 WHERE has_database_privilege(current_database(), 'CREATE')").empty())
    findings.too_much.emplace_back("CREATE on the database");
  std::vector<std::string> owned;
  const auto rows =
      ask("SELECT CASE WHEN dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = "
          "current_database())) THEN pg_describe_object(classid, objid, objsubid) ELSE 'an object of another "
          "database' END FROM pg_catalog.pg_shdepend WHERE deptype = 'o'"
          " AND refclassid = 'pg_catalog.pg_authid'::regclass AND refobjid ="
          " (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user) ORDER BY 1");
  for (const auto& row : rows) owned.push_back("owner of " + row.front());
  add_some(findings.too_much, std::move(owned), "ownership");
}

}  // namespace

void compare_objects(const AskSql& ask, const PostgresDatabase& database, Findings& findings) {
  compare_reading(ask, database, findings);
  compare_writing(ask, findings);
  compare_sequences(ask, database, findings);
  compare_schemas(ask, database, findings);
  compare_functions(ask, findings);
  compare_tablespaces(ask, findings);
  compare_database(ask, findings);
}

}  // namespace healthd
