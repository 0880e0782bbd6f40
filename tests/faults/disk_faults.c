/* A disk that fails, or a process that dies, at a chosen call: preloaded into the process under test.
 *
 * Only calls on files below `prefix` count. Calls that change something are numbered from 1 on; at number `nth` happens
 * what `mode` says. Nothing happens before `faults_arm` and after `faults_disarm`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OFF, COUNT, FAIL, GONE, SHORT, FULL, DIE, DIE_HALFWAY };

static char prefix[PATH_MAX];
static char calls[1 << 16];
static size_t used;
static int mode, error_number, full;
static long nth, count;

void faults_arm(const char *below, int how, long number, int error) {
    snprintf(prefix, sizeof prefix, "%s", below);
    mode = how, nth = number, error_number = error, count = 0, used = 0, full = 0, calls[0] = 0;
}
void faults_disarm(void) { mode = OFF; }
long faults_count(void) { return count; }
const char *faults_calls(void) { return calls; }

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, #name)

static int below(const char *path) { return !strncmp(path, prefix, strlen(prefix)); }

/* The path of a call that names a folder by descriptor; NULL when it does not count. */
static const char *at(int folder, const char *path, char *buffer) {
    if (mode == OFF || !path) return NULL;
    if (path[0] == '/') return below(path) ? path : NULL;
    char link[64], start[PATH_MAX];
    ssize_t n;
    if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    REAL(readlink);
    if ((n = real(link, start, sizeof start - 1)) < 0) return NULL;
    start[n] = 0;
    if ((size_t)snprintf(buffer, PATH_MAX, "%s/%s", start, path) >= PATH_MAX) return NULL;
    return below(buffer) ? buffer : NULL;
}

static const char *of(int descriptor, char *buffer) {
    if (mode == OFF) return NULL;
    char link[64];
    ssize_t n;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    REAL(readlink);
    if ((n = real(link, buffer, PATH_MAX - 1)) < 0) return NULL;
    buffer[n] = 0;
    return below(buffer) ? buffer : NULL;
}

/* Whether a call that changes something fails now. */
static int changes(const char *what, const char *path) {
    if (!path) return 0;
    count++;
    if (used < sizeof calls - 512)
        used += (size_t)snprintf(calls + used, 512, "%s %.400s\n", what, path + strlen(prefix));
    if (count == nth && mode == DIE) kill(getpid(), SIGKILL);
    if ((count == nth && mode == FAIL) || (count >= nth && mode == GONE)) return errno = error_number, 1;
    return 0;
}

/* Whether a call that only looks fails now: that of a drive that is gone. */
static int looks(const char *path) {
    if (path && mode == GONE && count >= nth) return errno = error_number, 1;
    return 0;
}

/* How much of a write is done now, -1 when it fails. */
static ssize_t part(const char *path, size_t size) {
    if (full && path) return errno = error_number, -1;
    if (changes("write", path)) return -1;
    if (!path || count != nth || size < 2) return (ssize_t)size;
    if (mode == FULL) full = 1;
    return mode == SHORT || mode == FULL || mode == DIE_HALFWAY ? (ssize_t)(size / 2) : (ssize_t)size;
}

static ssize_t written(const char *path, ssize_t n) {
    if (path && mode == DIE_HALFWAY && count == nth) kill(getpid(), SIGKILL);
    return n;
}

#define PATH char buffer[PATH_MAX]
#define MODE_ARGUMENT \
    mode_t rights = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); rights = va_arg(list, mode_t); va_end(list); }

static int opens(const char *path, int flags) {
    return flags & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC) ? changes("open", path) : looks(path);
}
int open(const char *path, int flags, ...) {
    MODE_ARGUMENT PATH; REAL(open);
    return opens(at(AT_FDCWD, path, buffer), flags) ? -1 : real(path, flags, rights);
}
int open64(const char *path, int flags, ...) {
    MODE_ARGUMENT PATH; REAL(open64);
    return opens(at(AT_FDCWD, path, buffer), flags) ? -1 : real(path, flags, rights);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE_ARGUMENT PATH; REAL(openat);
    return opens(at(folder, path, buffer), flags) ? -1 : real(folder, path, flags, rights);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE_ARGUMENT PATH; REAL(openat64);
    return opens(at(folder, path, buffer), flags) ? -1 : real(folder, path, flags, rights);
}

ssize_t write(int fd, const void *data, size_t size) {
    PATH; REAL(write);
    const char *path = of(fd, buffer);
    ssize_t n = part(path, size);
    return n < 0 ? -1 : written(path, real(fd, data, (size_t)n));
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    PATH; REAL(pwrite64);
    const char *path = of(fd, buffer);
    ssize_t n = part(path, size);
    return n < 0 ? -1 : written(path, real(fd, data, (size_t)n, offset));
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }
ssize_t sendfile64(int out, int in, off64_t *offset, size_t size);
ssize_t sendfile(int out, int in, off_t *offset, size_t size) { return sendfile64(out, in, (off64_t *)offset, size); }
ssize_t sendfile64(int out, int in, off64_t *offset, size_t size) {
    PATH; REAL(sendfile64);
    const char *path = of(out, buffer);
    ssize_t n = part(path, size);
    return n < 0 ? -1 : written(path, real(out, in, offset, (size_t)n));
}

#define ON_DESCRIPTOR(name, what, parameters, arguments) \
    int name parameters { PATH; REAL(name); return changes(what, of(fd, buffer)) ? -1 : real arguments; }
ON_DESCRIPTOR(fsync, "fsync", (int fd), (fd))
ON_DESCRIPTOR(fdatasync, "fsync", (int fd), (fd))
ON_DESCRIPTOR(ftruncate, "ftruncate", (int fd, off_t size), (fd, size))
ON_DESCRIPTOR(ftruncate64, "ftruncate", (int fd, off64_t size), (fd, size))
ON_DESCRIPTOR(fchmod, "chmod", (int fd, mode_t rights), (fd, rights))

int posix_fallocate64(int fd, off64_t start, off64_t size) {
    PATH; REAL(posix_fallocate64);
    return changes("fallocate", of(fd, buffer)) ? error_number : real(fd, start, size);
}
int posix_fallocate(int fd, off_t start, off_t size) { return posix_fallocate64(fd, start, size); }

#define ON_PATH(name, what, path, folder, parameters, arguments) \
    int name parameters { PATH; REAL(name); return changes(what, at(folder, path, buffer)) ? -1 : real arguments; }
ON_PATH(unlink, "unlink", path, AT_FDCWD, (const char *path), (path))
ON_PATH(unlinkat, "unlink", path, folder, (int folder, const char *path, int flags), (folder, path, flags))
ON_PATH(rmdir, "rmdir", path, AT_FDCWD, (const char *path), (path))
ON_PATH(mkdir, "mkdir", path, AT_FDCWD, (const char *path, mode_t rights), (path, rights))
ON_PATH(mkdirat, "mkdir", path, folder, (int folder, const char *path, mode_t rights), (folder, path, rights))
ON_PATH(chmod, "chmod", path, AT_FDCWD, (const char *path, mode_t rights), (path, rights))
ON_PATH(fchmodat, "chmod", path, folder, (int folder, const char *path, mode_t rights, int flags), (folder, path, rights, flags))
ON_PATH(utimensat, "utime", path, folder, (int folder, const char *path, const struct timespec t[2], int flags), (folder, path, t, flags))
ON_PATH(rename, "rename", path, AT_FDCWD, (const char *old, const char *path), (old, path))
ON_PATH(renameat, "rename", path, folder, (int from, const char *old, int folder, const char *path), (from, old, folder, path))
ON_PATH(link, "link", path, AT_FDCWD, (const char *old, const char *path), (old, path))
ON_PATH(linkat, "link", path, folder, (int from, const char *old, int folder, const char *path, int flags), (from, old, folder, path, flags))
ON_PATH(symlink, "symlink", path, AT_FDCWD, (const char *old, const char *path), (old, path))

#define LOOKING(name, path, folder, parameters, arguments) \
    int name parameters { PATH; REAL(name); return looks(at(folder, path, buffer)) ? -1 : real arguments; }
LOOKING(stat, path, AT_FDCWD, (const char *restrict path, struct stat *restrict s), (path, s))
LOOKING(stat64, path, AT_FDCWD, (const char *restrict path, struct stat64 *restrict s), (path, s))
LOOKING(lstat, path, AT_FDCWD, (const char *restrict path, struct stat *restrict s), (path, s))
LOOKING(lstat64, path, AT_FDCWD, (const char *restrict path, struct stat64 *restrict s), (path, s))
LOOKING(fstatat, path, folder, (int folder, const char *restrict path, struct stat *restrict s, int f), (folder, path, s, f))
LOOKING(fstatat64, path, folder, (int folder, const char *restrict path, struct stat64 *restrict s, int f), (folder, path, s, f))
LOOKING(access, path, AT_FDCWD, (const char *path, int how), (path, how))
LOOKING(faccessat, path, folder, (int folder, const char *path, int how, int f), (folder, path, how, f))

int fstat64(int fd, struct stat64 *s) { PATH; REAL(fstat64); return looks(of(fd, buffer)) ? -1 : real(fd, s); }
int fstat(int fd, struct stat *s) { PATH; REAL(fstat); return looks(of(fd, buffer)) ? -1 : real(fd, s); }
ssize_t read(int fd, void *data, size_t size) { PATH; REAL(read); return looks(of(fd, buffer)) ? -1 : real(fd, data, size); }
