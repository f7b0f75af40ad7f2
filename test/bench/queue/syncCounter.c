/* Where strace is missing: loaded into the measured process (LD_PRELOAD), writes the lines that strace would write for the
 * calls that force data to disk and for the benchmark's phase marks. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <string.h>

static void line(const char *text, const char *path) {
  static int file = -1;
  char buffer[600];
  if (file < 0) file = open(getenv("BENCH_SYNC_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0) return;
  int length = path ? snprintf(buffer, sizeof buffer, "%s(\"%.500s\")\n", text, path)
                    : snprintf(buffer, sizeof buffer, "%s()\n", text);
  if (write(file, buffer, (size_t)length) < 0) return;
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  line("fsync", 0);
  return real(fd);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  line("fdatasync", 0);
  return real(fd);
}

int rmdir(const char *path) {
  static int (*real)(const char *);
  if (!real) real = (int (*)(const char *))dlsym(RTLD_NEXT, "rmdir");
  line("rmdir", path);
  return real(path);
}
