/*
 * A file system in memory that forgets what was not synced: a disk whose power can be cut.
 *
 * Every file has what programs see and what is durable; a cut (SIGUSR1, after the programs were
 * killed) makes the durable state the only one. Rules of names:
 *   ext4    a sync of any file also makes all earlier creations, renames and removals durable
 *   strict  names are durable only once their directory was synced, as POSIX has it
 * What was appended and not synced is, by the kind of cut (SIGUSR1 drop, SIGUSR2 prefix, SIGHUP
 * torn): gone; kept up to a random byte; the same with its last bytes as noise. Source: reliability
 * facts 2.3, FUSE 3 high-level interface. Not for use beyond tests: one lock, no permissions.
 *
 *   cc -O2 -Wall lossy.c $(pkg-config fuse3 --cflags --libs) -o lossy
 *   lossy ext4|strict|network SEED READY-FILE MOUNTPOINT [fuse options]
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fuse.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAMES_MAX 8192
#define PATH_MAX_BYTES 512

/* What a file or directory is. It lives as long as the program: tests are short. */
struct node {
  mode_t mode;
  unsigned char *live, *durable;
  size_t live_size, live_room, durable_size;
};

/* A name, as programs see it and as the disk holds it. */
struct name {
  char path[PATH_MAX_BYTES];
  struct node *live, *durable;
};

static struct name names[NAMES_MAX];
static size_t name_count;
static int is_strict;
static double kept_seconds;
static uint64_t random_state;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t waiter;
static char ready_path[PATH_MAX_BYTES];

static uint64_t draw(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static struct name *find(const char *path) {
  for (size_t at = 0; at < name_count; at++)
    if (strcmp(names[at].path, path) == 0) return &names[at];
  return NULL;
}

static struct node *look(const char *path) {
  struct name *found = find(path);
  return found == NULL ? NULL : found->live;
}

static struct name *obtain(const char *path) {
  struct name *found = find(path);
  if (found != NULL) return found;
  for (size_t at = 0; at < name_count; at++)
    if (names[at].live == NULL && names[at].durable == NULL) {
      snprintf(names[at].path, PATH_MAX_BYTES, "%s", path);
      return &names[at];
    }
  if (name_count == NAMES_MAX) abort();
  found = &names[name_count++];
  snprintf(found->path, PATH_MAX_BYTES, "%s", path);
  return found;
}

static struct node *make(mode_t mode) {
  struct node *made = calloc(1, sizeof *made);
  if (made == NULL) abort();
  made->mode = mode;
  return made;
}

static void resize(struct node *node, size_t size) {
  if (size > node->live_room) {
    size_t room = size * 2 + 4096;
    node->live = realloc(node->live, room);
    if (node->live == NULL) abort();
    node->live_room = room;
  }
  if (size > node->live_size) memset(node->live + node->live_size, 0, size - node->live_size);
  node->live_size = size;
}

static int is_child(const char *path, const char *directory) {
  size_t length = strcmp(directory, "/") == 0 ? 0 : strlen(directory);
  return strncmp(path, directory, length) == 0 && path[length] == '/' && path[length + 1] != 0 &&
         strchr(path + length + 1, '/') == NULL;
}

/* Names of one directory, or all of them. */
static void harden_names(const char *directory) {
  for (size_t at = 0; at < name_count; at++)
    if (directory == NULL || is_child(names[at].path, directory)) names[at].durable = names[at].live;
}

static void harden_bytes(struct node *node) {
  free(node->durable);
  node->durable = malloc(node->live_size + 1);
  if (node->durable == NULL) abort();
  memcpy(node->durable, node->live, node->live_size);
  node->durable_size = node->live_size;
}

/* The power goes. `kind` is the signal. */
static void cut(int kind) {
  for (size_t at = 0; at < name_count; at++) {
    struct node *node = names[at].durable;
    names[at].live = node;
    if (node == NULL || S_ISDIR(node->mode)) continue;
    size_t kept = node->durable_size;
    int is_longer = node->live_size > kept &&
                    (kept == 0 || memcmp(node->live, node->durable, kept) == 0);
    if (kind != SIGUSR1 && is_longer) {
      size_t more = draw() % (node->live_size - kept + 1);
      resize(node, kept + more);
      for (size_t torn = 0; kind == SIGHUP && torn < more && torn < 512; torn++)
        node->live[node->live_size - 1 - torn] = draw() & 0xff;
    } else {
      resize(node, kept);
      if (kept > 0) memcpy(node->live, node->durable, kept);
    }
    harden_bytes(node);
  }
}

/* Cuts happen here and not in a handler, so that they wait for the lock like anybody else. */
static void *await_cuts(void *set) {
  for (;;) {
    int kind = 0;
    if (sigwait(set, &kind) != 0) continue;
    pthread_mutex_lock(&lock);
    cut(kind);
    pthread_mutex_unlock(&lock);
    FILE *done = fopen(ready_path, "a");
    if (done == NULL) abort();
    fputs("cut\n", done);
    fclose(done);
  }
  return NULL;
}

#define LOCKED(body)             \
  pthread_mutex_lock(&lock);     \
  int result = (body);           \
  pthread_mutex_unlock(&lock);   \
  return result

static int do_getattr(const char *path, struct stat *out) {
  struct node *node = look(path);
  if (node == NULL) return -ENOENT;
  memset(out, 0, sizeof *out);
  out->st_mode = node->mode;
  out->st_nlink = S_ISDIR(node->mode) ? 2 : 1;
  out->st_size = (off_t)node->live_size;
  out->st_blocks = (blkcnt_t)((node->live_size + 511) / 512);
  out->st_uid = getuid();
  out->st_gid = getgid();
  return 0;
}

static int do_create(const char *path, mode_t mode) {
  if (strlen(path) >= PATH_MAX_BYTES) return -ENAMETOOLONG;
  struct name *name = obtain(path);
  if (name->live == NULL) name->live = make(mode);
  return 0;
}

static int do_remove(const char *path) {
  struct name *name = find(path);
  if (name == NULL || name->live == NULL) return -ENOENT;
  if (S_ISDIR(name->live->mode))
    for (size_t at = 0; at < name_count; at++)
      if (names[at].live != NULL && is_child(names[at].path, path)) return -ENOTEMPTY;
  name->live = NULL;
  return 0;
}

static int do_rename(const char *from, const char *to) {
  struct node *node = look(from);
  if (node == NULL) return -ENOENT;
  size_t length = strlen(from);
  size_t count = name_count;
  for (size_t at = 0; at < count; at++) {
    if (names[at].live == NULL || strncmp(names[at].path, from, length) != 0) continue;
    if (names[at].path[length] != 0 && names[at].path[length] != '/') continue;
    char moved[PATH_MAX_BYTES * 2];
    snprintf(moved, sizeof moved, "%s%s", to, names[at].path + length);
    if (strlen(moved) >= PATH_MAX_BYTES) return -ENAMETOOLONG;
    struct node *carried = names[at].live;
    names[at].live = NULL;
    obtain(moved)->live = carried;
  }
  return 0;
}

static int do_read(const char *path, char *buffer, size_t size, off_t offset) {
  struct node *node = look(path);
  if (node == NULL) return -ENOENT;
  if ((size_t)offset >= node->live_size) return 0;
  size_t count = node->live_size - (size_t)offset;
  if (count > size) count = size;
  memcpy(buffer, node->live + offset, count);
  return (int)count;
}

static int do_write(struct node *node, const char *buffer, size_t size, off_t offset) {
  if ((size_t)offset + size > node->live_size) resize(node, (size_t)offset + size);
  memcpy(node->live + offset, buffer, size);
  return (int)size;
}

static int do_sync(struct node *node) {
  if (node == NULL) return -ENOENT;
  harden_bytes(node);
  if (!is_strict) harden_names(NULL);
  return 0;
}

static struct node *handle(struct fuse_file_info *info) {
  return (struct node *)(uintptr_t)info->fh;
}

static int on_getattr(const char *path, struct stat *out, struct fuse_file_info *info) {
  (void)info;
  LOCKED(do_getattr(path, out));
}

static int on_open(const char *path, struct fuse_file_info *info) {
  pthread_mutex_lock(&lock);
  struct node *node = look(path);
  if (node != NULL && (info->flags & O_TRUNC)) resize(node, 0);
  info->fh = (uint64_t)(uintptr_t)node;
  pthread_mutex_unlock(&lock);
  return node == NULL ? -ENOENT : 0;
}

static int on_create(const char *path, mode_t mode, struct fuse_file_info *info) {
  pthread_mutex_lock(&lock);
  int result = do_create(path, S_IFREG | (mode & 07777));
  info->fh = (uint64_t)(uintptr_t)look(path);
  pthread_mutex_unlock(&lock);
  return result;
}

static int on_mkdir(const char *path, mode_t mode) {
  LOCKED(look(path) == NULL ? do_create(path, S_IFDIR | (mode & 07777)) : -EEXIST);
}

static int on_remove(const char *path) { LOCKED(do_remove(path)); }

static int on_rename(const char *from, const char *to, unsigned flags) {
  if (flags != 0) return -EINVAL;
  LOCKED(do_rename(from, to));
}

static int on_read(const char *path, char *buffer, size_t size, off_t offset,
                   struct fuse_file_info *info) {
  (void)info;
  LOCKED(do_read(path, buffer, size, offset));
}

static int on_write(const char *path, const char *buffer, size_t size, off_t offset,
                    struct fuse_file_info *info) {
  (void)path;
  LOCKED(do_write(handle(info), buffer, size, offset));
}

static int on_truncate(const char *path, off_t size, struct fuse_file_info *info) {
  (void)info;
  pthread_mutex_lock(&lock);
  struct node *node = look(path);
  if (node != NULL) resize(node, (size_t)size);
  pthread_mutex_unlock(&lock);
  return node == NULL ? -ENOENT : 0;
}

static int on_fsync(const char *path, int only_data, struct fuse_file_info *info) {
  (void)path;
  (void)only_data;
  LOCKED(do_sync(handle(info)));
}

static int on_fsyncdir(const char *path, int only_data, struct fuse_file_info *info) {
  (void)only_data;
  (void)info;
  pthread_mutex_lock(&lock);
  harden_names(is_strict ? path : NULL);
  pthread_mutex_unlock(&lock);
  return 0;
}

static int on_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                      struct fuse_file_info *info, enum fuse_readdir_flags flags) {
  (void)offset;
  (void)info;
  (void)flags;
  pthread_mutex_lock(&lock);
  fill(buffer, ".", NULL, 0, 0);
  fill(buffer, "..", NULL, 0, 0);
  for (size_t at = 0; at < name_count; at++)
    if (names[at].live != NULL && is_child(names[at].path, path))
      fill(buffer, strrchr(names[at].path, '/') + 1, NULL, 0, 0);
  pthread_mutex_unlock(&lock);
  return 0;
}

static int on_chmod(const char *path, mode_t mode, struct fuse_file_info *info) {
  (void)path;
  (void)mode;
  (void)info;
  return 0;
}

static int on_utimens(const char *path, const struct timespec at[2], struct fuse_file_info *info) {
  (void)path;
  (void)at;
  (void)info;
  return 0;
}

static int on_statfs(const char *path, struct statvfs *out) {
  (void)path;
  memset(out, 0, sizeof *out);
  out->f_bsize = out->f_frsize = 4096;
  out->f_blocks = out->f_bfree = out->f_bavail = 1 << 20;
  out->f_namemax = 255;
  return 0;
}

static void *on_init(struct fuse_conn_info *connection, struct fuse_config *config) {
  (void)connection;
  config->attr_timeout = config->entry_timeout = config->negative_timeout = kept_seconds;
  config->kernel_cache = 0;
  config->nullpath_ok = 0;
  static sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, SIGHUP);
  pthread_create(&waiter, NULL, await_cuts, &set);
  FILE *ready = fopen(ready_path, "a");
  if (ready == NULL) abort();
  fputs("ready\n", ready);
  fclose(ready);
  return NULL;
}

static const struct fuse_operations operations = {
    .init = on_init,
    .getattr = on_getattr,
    .open = on_open,
    .create = on_create,
    .mkdir = on_mkdir,
    .unlink = on_remove,
    .rmdir = on_remove,
    .rename = on_rename,
    .read = on_read,
    .write = on_write,
    .truncate = on_truncate,
    .fsync = on_fsync,
    .fsyncdir = on_fsyncdir,
    .readdir = on_readdir,
    .chmod = on_chmod,
    .utimens = on_utimens,
    .statfs = on_statfs,
};

int main(int count, char **words) {
  if (count < 5) {
    fprintf(stderr, "lossy ext4|strict|network SEED READY-FILE MOUNTPOINT [fuse options]\n");
    return 2;
  }
  is_strict = strcmp(words[1], "strict") == 0;
  kept_seconds = strcmp(words[1], "network") == 0 ? 60 : 0;
  random_state = strtoull(words[2], NULL, 10) * 2654435761u + 88172645463325252u;
  snprintf(ready_path, sizeof ready_path, "%s", words[3]);
  obtain("/")->live = obtain("/")->durable = make(S_IFDIR | 0700);
  /* Blocked in every thread, so that only the waiter takes them. */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  words[3] = words[0];
  return fuse_main(count - 3, words + 3, &operations, NULL);
}
