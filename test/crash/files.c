/* Preloaded into a process under test: notes what SQLite does to its WAL (FILES_LOG), and fails it with EIO while the
   file FILES_FAIL exists. Only files whose name ends in "-wal" are touched. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int is_wal(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  return n > 4 && memcmp(path + n - 4, "-wal", 4) == 0;
}
static void note(const char *line) {
  const char *log = getenv("FILES_LOG");
  if (!log) return;
  int fd = open(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, strlen(line));
  close(fd);
}
static int fails(void) {
  const char *flag = getenv("FILES_FAIL");
  if (!flag || access(flag, F_OK) != 0) return 0;
  errno = EIO;
  return 1;
}
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  if (is_wal(fd)) {
    if (fails()) return -1;
    note("write wal\n");
  }
  return REAL(pwrite64)(fd, data, size, at);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }
int fdatasync(int fd) {
  if (is_wal(fd)) {
    if (fails()) return -1;
    note("sync wal\n");
  }
  return REAL(fdatasync)(fd);
}
int fsync(int fd) {
  if (is_wal(fd)) {
    if (fails()) return -1;
    note("sync wal\n");
  }
  return REAL(fsync)(fd);
}
