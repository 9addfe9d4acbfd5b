/*
 * What a C program asks of WASI, by way of wasi-libc: arguments, environment, standard streams, clocks, files, randomness, and
 * the end of the program. Printed line by line; test/guests/wasi-program.test.ts knows what should stand there.
 */
#include <dirent.h>
#include <errno.h>
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

  fprintf(stderr, "to standard error\n");
  fflush(stdout);
  exit(3);
}
