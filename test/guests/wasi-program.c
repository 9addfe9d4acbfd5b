/*
 * A C program that uses WASI by way of wasi-libc: arguments, environment, standard streams, clocks, files, randomness,
 * and the end of the program. It prints the results line by line; test/guests/wasi-program.test.ts knows the right
 * ones.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void print_file(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    printf("%s: %s\n", path, strerror(errno));
    return;
  }
  char text[64];
  size_t length = fread(text, 1, sizeof text - 1, file);
  text[length] = 0;
  printf("%s: %s\n", path, text);
  fclose(file);
}

/* Links, times, binary output, and a second directory that the program finds open. */
static void use_links(void) {
  char target[16] = "";
  if (symlink("rates.json", "/etc/current.json") != 0) printf("symlink: %s\n", strerror(errno));
  if (readlink("/etc/current.json", target, sizeof target) > 0) printf("link to %s\n", target);
  print_file("/etc/current.json");
  struct stat info;
  if (lstat("/etc/current.json", &info) == 0) printf("is a link %d\n", S_ISLNK(info.st_mode));
  if (link("/etc/rates.json", "/data/rates.json") != 0) printf("link: %s\n", strerror(errno));
  struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 6, .tv_nsec = 7}};
  if (utimensat(AT_FDCWD, "/data/rates.json", times, 0) != 0) printf("times: %s\n", strerror(errno));
  if (stat("/etc/rates.json", &info) == 0)
    printf("names %llu times %lld %lld.%09ld\n", (unsigned long long)info.st_nlink, (long long)info.st_atim.tv_sec,
           (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  int full = open("/data/full", O_CREAT | O_WRONLY);
  lseek(full, (off_t)1 << 40, SEEK_SET);
  if (write(full, "", 0) == 0 && fstat(full, &info) == 0) printf("still empty %lld\n", (long long)info.st_size);
  if (write(full, "x", 1) < 0) printf("full: %s\n", strerror(errno));
  for (int c = 0; c < 256; c++) putchar(c);
}

int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++) printf("argument %s\n", argv[i]);
  printf("LANG=%s\n", getenv("LANG") ? getenv("LANG") : "");

  char line[32] = "";
  if (fgets(line, sizeof line, stdin) != NULL) printf("read %s", line);

  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  printf("time %lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
  struct timespec pause = {.tv_sec = 3};
  nanosleep(&pause, NULL);
  clock_gettime(CLOCK_REALTIME, &now);
  printf("time %lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);

  unsigned char random[4];
  getentropy(random, sizeof random);
  printf("random %02x%02x%02x%02x\n", random[0], random[1], random[2], random[3]);

  print_file("/etc/rates.json");
  print_file("/etc/missing");
  print_file("/../escape");

  FILE *log = fopen("/log.txt", "w");
  if (log == NULL) printf("log: %s\n", strerror(errno));
  else {
    fprintf(log, "first\nsecond\n");
    fseek(log, 0, SEEK_SET);
    fprintf(log, "FIRST");
    fclose(log);
    rename("/log.txt", "/etc/log.txt");
  }
  DIR *folder = opendir("/etc");
  for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
    if (entry->d_name[0] != '.') printf("entry %s\n", entry->d_name);
  if (folder != NULL) closedir(folder);
  struct stat info;
  if (stat("/etc/log.txt", &info) == 0) printf("size %lld\n", (long long)info.st_size);

  if (argc > 2 && strcmp(argv[2], "links") == 0) use_links();
  fprintf(stderr, "to standard error\n");
  fflush(stdout);
  exit(3);
}
