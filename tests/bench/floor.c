/* What a probe must cost at least: the same exchange in straight C, blocking, with nothing around it.
 *
 *   floor http|https|redis|postgres HOST PORT SECONDS RATE [PATH] [CA-FILE]
 *
 * RATE is how many exchanges begin in a second: a process that slept finds cold caches, and pays for the
 * waking. The user is taken from BENCH_USER and the password from BENCH_PASSWORD. Prints `EXCHANGES
 * NANOSECONDS`: how many took place within SECONDS, and the CPU time of this process for them. Anything
 * unexpected ends it with a message and exit code 1. */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct target {
  const char *host, *path, *user, *password;
  char port[8];
  struct sockaddr_in address;
  SSL_CTX* tls;
};

static char answer[1 << 16];

static void give_up(const char* what) {
  perror(what);
  exit(1);
}

static long long nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_until(long long moment) {
  const struct timespec until = {moment / 1000000000, moment % 1000000000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static int dial(const struct target* target) {
  const int on = 1;
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (peer < 0) give_up("socket");
  if (connect(peer, (const struct sockaddr*)&target->address, sizeof target->address)) give_up("connect");
  setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return peer;
}

static size_t request(const struct target* target, char* text, size_t room) {
  return (size_t)snprintf(text, room, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                          target->path, target->host);
}

static void expect_ok(size_t got) {
  if (got >= sizeof answer || strncmp(answer, "HTTP/1.1 200", 12) != 0) give_up("not a 200 answer");
}

static void http(const struct target* target) {
  char text[512];
  const size_t length = request(target, text, sizeof text);
  const int peer = dial(target);
  if (send(peer, text, length, 0) != (ssize_t)length) give_up("send");
  size_t got = 0;
  for (ssize_t read; (read = recv(peer, answer + got, sizeof answer - got, 0)) != 0; got += (size_t)read)
    if (read < 0) give_up("recv");
  expect_ok(got);
  close(peer);
}

/* A full handshake each time: no session is kept, and the certificate and its name are verified. */
static void https(const struct target* target) {
  char text[512];
  const size_t length = request(target, text, sizeof text);
  const int peer = dial(target);
  SSL* tls = SSL_new(target->tls);
  SSL_set_fd(tls, peer);
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), target->host);
  if (SSL_connect(tls) != 1 || SSL_session_reused(tls)) give_up("TLS handshake");
  if (SSL_write(tls, text, (int)length) != (int)length) give_up("SSL_write");
  size_t got = 0;
  for (int read; (read = SSL_read(tls, answer + got, (int)(sizeof answer - got))) > 0;) got += (size_t)read;
  expect_ok(got);
  SSL_free(tls);
  close(peer);
}

/* Log in, PING and INFO in one go; read until the last line of a bulk string of the announced length is
 * there. */
static void redis(const struct target* target) {
  char text[512];
  const int length = snprintf(text, sizeof text, "AUTH %s\r\nPING\r\nINFO\r\n", target->password);
  const int peer = dial(target);
  if (send(peer, text, (size_t)length, 0) != length) give_up("send");
  size_t got = 0;
  for (const char* bulk = NULL;;) {
    const ssize_t read = recv(peer, answer + got, sizeof answer - 1 - got, 0);
    if (read <= 0) give_up("recv");
    got += (size_t)read;
    answer[got] = '\0';
    if (bulk == NULL) bulk = strstr(answer, "+PONG\r\n$");
    const char* body = bulk ? strstr(bulk + 8, "\r\n") : NULL;
    if (body && answer + got >= body + 2 + atol(bulk + 8) + 2) break;
  }
  close(peer);
}

static void postgres(const struct target* target) {
  const char* names[] = {"host", "port", "dbname", "user", "password", NULL};
  const char* values[] = {target->host, target->port, "superset", target->user, target->password, NULL};
  PGconn* session = PQconnectdbParams(names, values, 0);
  PGresult* one = PQexec(session, "SELECT 1");
  if (PQresultStatus(one) != PGRES_TUPLES_OK) {
    fputs(PQerrorMessage(session), stderr);
    exit(1);
  }
  PQclear(one);
  PQfinish(session);
}

static SSL_CTX* trust(const char* authority) {
  SSL_CTX* tls = SSL_CTX_new(TLS_client_method());
  if (!tls || SSL_CTX_load_verify_locations(tls, authority, NULL) != 1) give_up("CA file");
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  return tls;
}

int main(int count, char** words) {
  static const struct {
    const char* name;
    void (*exchange)(const struct target*);
  } works[] = {{"http", http}, {"https", https}, {"redis", redis}, {"postgres", postgres}};

  if (count < 6) return 2;
  struct target target = {.host = words[2],
                          .path = count > 6 ? words[6] : "/",
                          .user = getenv("BENCH_USER"),
                          .password = getenv("BENCH_PASSWORD")};
  snprintf(target.port, sizeof target.port, "%s", words[3]);
  target.address.sin_family = AF_INET;
  target.address.sin_port = htons((unsigned short)atoi(words[3]));
  if (inet_pton(AF_INET, target.host, &target.address.sin_addr) != 1) return 2;
  if (count > 7) target.tls = trust(words[7]);

  for (size_t i = 0; i < sizeof works / sizeof *works; ++i) {
    if (strcmp(works[i].name, words[1]) != 0) continue;
    works[i].exchange(&target); /* the first one loads what is loaded once */
    const long long pause = (long long)(1e9 / atof(words[5]));
    long long due = nanoseconds(CLOCK_MONOTONIC);
    const long long end = due + (long long)(atof(words[4]) * 1e9);
    const long long before = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    long done = 0;
    do {
      sleep_until(due += pause);
      works[i].exchange(&target);
      ++done;
    } while (due + pause < end);
    printf("%ld %lld\n", done, nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - before);
    return 0;
  }
  return 2;
}
