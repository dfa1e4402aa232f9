/* A disk that loses power: preloaded into the program under test, it stands between it and the C library's storage calls
 * for the files below one folder. It remembers everything that was not yet pressed to disk by fsync or fdatasync; at a
 * chosen call it takes a seeded part of that back, as a power cut would, and ends the process.
 *
 *   POWER_DIR   the folder (absolute, no links)
 *   POWER_SEED  what is lost is drawn from this
 *   POWER_AT    the storage call at which the power goes; 0: never
 *   POWER_DROP  fsync: it answers "done" and does nothing (a bug that the tests must find)
 *   POWER_EIO   the fsync from which on every one fails with EIO; what was not pressed by then is lost when the process ends
 *   POWER_BAD   the end of a name: every fsync of such a file or folder fails with EIO, and what was not pressed is lost when the process ends
 *   POWER_KILL  the point of the journal (a file that ends in -wal) at which the process is killed and nothing is taken back: 2n-1
 *               is before the first byte of its n-th transaction is written, 2n after that transaction was pressed to disk
 *   POWER_ROOM  bytes by which files may grow before the disk is full
 *   POWER_LOG   a file to which the counts are written at the end
 *   POWER_BUSY  a named pipe that gets a byte whenever a lock of the database is refused, because another process holds it
 *
 * Of unsynced writes each is kept, undone, or torn at 512 bytes; of changes to a folder (new, renamed and removed entries)
 * that were not followed by an fsync of that folder, the latest are undone. The shared memory of SQLite (-shm) is no
 * durable state and is left out. Nothing is really pressed to disk: the simulated disk is the only one that counts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_MAX 65536
#define SECTOR 512

enum kind { WRITE, TRUNCATE, CREATE, RENAME, UNLINK, MKDIR };

struct file { dev_t dev; ino_t ino; char *path; struct file *next; };

struct op {
    enum kind kind;
    struct file *file;              /* WRITE, TRUNCATE */
    off_t at, size_before;
    size_t length, old_length;      /* TRUNCATE: at is the new size, old the tail that was cut off */
    char *old, *new;
    char *folder, *folder2;         /* of entries: whose fsync makes them last */
    char *path, *path2, *stash;     /* CREATE path; RENAME path -> path2, stash: what path2 was; UNLINK path; MKDIR path */
    struct op *next, *previous;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct op *first, *last;
static struct file *files;
static struct file *file_of[FDS_MAX];
static char *folder_of[FDS_MAX];
static char *root;
static size_t root_length;
static uint64_t state;
static long cut_at, eio_at, kill_at, calls, fsyncs, writes, stashes, journal;
static long long room = -1;
static int drops, is_ready, has_failed, is_writing;
static const char *bad;

static uint64_t draw(void) { state ^= state << 13; state ^= state >> 7; state ^= state << 17; return state; }

static void start(void)
{
    if (is_ready) return;
    is_ready = 1;
    char *dir = getenv("POWER_DIR");
    if (!dir) return;
    root = strdup(dir);
    root_length = strlen(root);
    state = (getenv("POWER_SEED") ? strtoull(getenv("POWER_SEED"), 0, 10) : 1) * 0x9E3779B97F4A7C15ull + 1;
    for (int i = 0; i < 8; i++) draw();
    cut_at = getenv("POWER_AT") ? atol(getenv("POWER_AT")) : 0;
    eio_at = getenv("POWER_EIO") ? atol(getenv("POWER_EIO")) : 0;
    kill_at = getenv("POWER_KILL") ? atol(getenv("POWER_KILL")) : 0;
    room = getenv("POWER_ROOM") ? atoll(getenv("POWER_ROOM")) : -1;
    drops = getenv("POWER_DROP") != 0;
    bad = getenv("POWER_BAD");
}

static void say(const char *what)
{
    char text[256], *log = getenv("POWER_LOG");
    if (!log || calls == 0) return;
    int length = snprintf(text, sizeof text, "%s calls=%ld fsyncs=%ld writes=%ld journal=%ld\n", what, calls, fsyncs, writes, journal);
    int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd >= 0) { if (syscall(SYS_write, fd, text, length)) {} syscall(SYS_close, fd); }
}

/* Paths and files */

static char *absolute(const char *path)
{
    char here[4096], *whole;
    if (path[0] == '/') return strdup(path);
    if (!getcwd(here, sizeof here) || asprintf(&whole, "%s/%s", here, path) < 0) return strdup(path);
    return whole;
}

static int is_below(const char *path)
{
    size_t length = strlen(path);
    return root && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0)
        && !(length > 4 && strcmp(path + length - 4, "-shm") == 0);
}

static char *folder_name(const char *path) { char *copy = strdup(path), *slash = strrchr(copy, '/'); if (slash) *slash = 0; return copy; }

static char *stash_name(void) { char *name; if (asprintf(&name, "%s.stash-%d-%ld", root, getpid(), ++stashes) < 0) abort(); return name; }

/* A new file may have the inode of one that is gone: it is another file. */
static struct file *find(int fd, const char *path, int is_new)
{
    struct stat at;
    if (fstat(fd, &at) != 0) return 0;
    for (struct file *f = is_new ? 0 : files; f; f = f->next) if (f->dev == at.st_dev && f->ino == at.st_ino) return f;
    struct file *f = calloc(1, sizeof *f);
    f->dev = at.st_dev; f->ino = at.st_ino; f->path = strdup(path); f->next = files;
    return files = f;
}

static void moved(const char *from, const char *to)
{
    for (struct file *f = files; f; f = f->next) if (strcmp(f->path, from) == 0) { free(f->path); f->path = strdup(to); }
}

/* The log of what is not on disk yet */

static struct op *add(enum kind kind)
{
    struct op *op = calloc(1, sizeof *op);
    op->kind = kind;
    op->previous = last;
    if (last) last->next = op; else first = op;
    return last = op;
}

static void drop(struct op *op)
{
    if (op->previous) op->previous->next = op->next; else first = op->next;
    if (op->next) op->next->previous = op->previous; else last = op->previous;
    if (op->stash) syscall(SYS_unlinkat, AT_FDCWD, op->stash, 0);
    free(op->old); free(op->new); free(op->folder); free(op->folder2); free(op->path); free(op->path2); free(op->stash); free(op);
}

static void synced_file(struct file *f)
{
    for (struct op *op = first, *next; op; op = next) { next = op->next; if (op->kind <= TRUNCATE && op->file == f) drop(op); }
}

static void synced_folder(const char *folder)
{
    for (struct op *op = first, *next; op; op = next) {
        next = op->next;
        if (op->kind <= TRUNCATE || strcmp(op->folder, folder) != 0) continue;
        if (!op->folder2 || strcmp(op->folder2, folder) == 0) drop(op);
    }
}

/* The cut */

static void put(const char *path, const char *bytes, size_t length, off_t at)
{
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY, 0);
    if (fd < 0) return;
    while (length > 0) {
        ssize_t done = syscall(SYS_pwrite64, fd, bytes, length, at);
        if (done <= 0) break;
        bytes += done; at += done; length -= done;
    }
    syscall(SYS_close, fd);
}

static void resize(const char *path, off_t size) { syscall(SYS_truncate, path, size); }

static void lose(void)
{
    /* (1) every file as it was when it was last pressed to disk */
    for (struct op *op = last; op; op = op->previous) {
        if (op->kind > TRUNCATE) continue;
        resize(op->file->path, op->size_before);
        if (op->old_length) put(op->file->path, op->old, op->old_length, op->kind == WRITE ? op->at : op->size_before - (off_t)op->old_length);
    }
    /* (2) what reached it by chance since then, whole or torn; on some disks nearly nothing does, on some nearly all */
    int kept_of_8 = draw() % 9;
    for (struct op *op = first; op; op = op->next) {
        if (op->kind > TRUNCATE || (int)(draw() % 8) >= kept_of_8) continue;
        if (op->kind == TRUNCATE) { resize(op->file->path, op->at); continue; }
        if (draw() % 4) { put(op->file->path, op->new, op->length, op->at); continue; }
        for (size_t from = 0; from < op->length;) {
            size_t part = SECTOR - (op->at + from) % SECTOR;
            if (part > op->length - from) part = op->length - from;
            if (draw() % 2) put(op->file->path, op->new + from, part, op->at + from);
            from += part;
        }
    }
    /* (3) the latest changes to folders */
    long entries = 0, kept;
    for (struct op *op = first; op; op = op->next) entries += op->kind > TRUNCATE;
    kept = entries ? draw() % (entries + 1) : 0;
    for (struct op *op = last; op; op = op->previous) {
        if (op->kind <= TRUNCATE || entries-- <= kept) continue;
        switch (op->kind) {
        case CREATE: syscall(SYS_unlinkat, AT_FDCWD, op->path, 0); break;
        case RENAME:
            syscall(SYS_renameat2, AT_FDCWD, op->path2, AT_FDCWD, op->path, 0);
            if (op->stash) syscall(SYS_renameat2, AT_FDCWD, op->stash, AT_FDCWD, op->path2, 0);
            break;
        case UNLINK: if (op->stash) syscall(SYS_renameat2, AT_FDCWD, op->stash, AT_FDCWD, op->path, 0); break;
        default: { char *aside = stash_name(); syscall(SYS_renameat2, AT_FDCWD, op->path, AT_FDCWD, aside, 0); free(aside); }
        }
    }
    for (struct op *op = first; op; op = op->next) if (op->stash) syscall(SYS_unlinkat, AT_FDCWD, op->stash, 0);
}

__attribute__((destructor)) static void ends(void)
{
    pthread_mutex_lock(&lock);   /* and keeps it: nothing is written after this */
    if (has_failed) { say("failing disk"); lose(); }
    else { say("ended"); pthread_mutex_unlock(&lock); }
}

/* Every storage call passes here before it is made, with the lock held. */
static void count(void)
{
    calls++;
    if (cut_at == 0 || calls != cut_at) return;
    say("cut");
    lose();
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

static int ends_with(const char *path, const char *end)
{
    size_t length = strlen(path), of_end = strlen(end);
    return length >= of_end && strcmp(path + length - of_end, end) == 0;
}

/* The journal begins a transaction (now: 1) or has pressed one to disk (0). */
static void journal_at(struct file *f, int now)
{
    if (!f || is_writing == now || !ends_with(f->path, "-wal")) return;
    is_writing = now;
    if (++journal != kill_at) return;
    say("killed");
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

static int has_room(int fd, off_t end, size_t *length)
{
    struct stat at;
    if (room < 0 || fstat(fd, &at) != 0 || end <= at.st_size) return 1;
    long long grows = end - at.st_size;
    if (grows > room) {
        if ((long long)*length - (grows - room) <= 0) return 0;
        *length -= grows - room;
        grows = room;
    }
    room -= grows;
    return 1;
}

static ssize_t logged_write(int fd, struct file *f, const void *bytes, size_t length, off_t at)
{
    struct stat now;
    count();
    journal_at(f, 1);
    writes++;
    if (!has_room(fd, at + (off_t)length, &length)) { errno = ENOSPC; return -1; }
    if (fstat(fd, &now) != 0) return -1;
    struct op *op = add(WRITE);
    op->file = f; op->at = at; op->length = length; op->size_before = now.st_size;
    op->new = malloc(length ? length : 1);
    memcpy(op->new, bytes, length);
    if (at < now.st_size) {
        size_t covered = now.st_size - at < (off_t)length ? (size_t)(now.st_size - at) : length;
        op->old = malloc(covered);
        ssize_t got = syscall(SYS_pread64, fd, op->old, covered, at);
        if (got < 0) {
            int reader = syscall(SYS_openat, AT_FDCWD, f->path, O_RDONLY, 0);
            got = syscall(SYS_pread64, reader, op->old, covered, at);
            syscall(SYS_close, reader);
        }
        op->old_length = got > 0 ? got : 0;
    }
    return syscall(SYS_pwrite64, fd, bytes, length, at);
}

static void logged_truncate(int fd, struct file *f, off_t size)
{
    struct stat now;
    if (fstat(fd, &now) != 0) return;
    struct op *op = add(TRUNCATE);
    op->file = f; op->at = size; op->size_before = now.st_size;
    if (size >= now.st_size) return;
    op->old_length = now.st_size - size;
    op->old = malloc(op->old_length);
    int reader = syscall(SYS_openat, AT_FDCWD, f->path, O_RDONLY, 0);
    ssize_t got = syscall(SYS_pread64, reader >= 0 ? reader : fd, op->old, op->old_length, size);
    if (got < 0) op->old_length = 0;
    if (reader >= 0) syscall(SYS_close, reader);
}

/* The calls */

static struct file *tracked(int fd) { return fd >= 0 && fd < FDS_MAX ? file_of[fd] : 0; }

static int open_any(const char *given, int flags, mode_t mode)
{
    start();
    if (!root) return syscall(SYS_openat, AT_FDCWD, given, flags, mode);
    char *path = absolute(given);
    int fd;
    if (!is_below(path)) { fd = syscall(SYS_openat, AT_FDCWD, given, flags, mode); free(path); return fd; }
    struct stat was;
    pthread_mutex_lock(&lock);
    int existed = stat(path, &was) == 0;
    if ((!existed && (flags & O_CREAT)) || (existed && (flags & O_TRUNC) && S_ISREG(was.st_mode))) count();
    if (existed && (flags & O_TRUNC) && S_ISREG(was.st_mode) && was.st_size > 0) {
        int reader = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
        if (reader >= 0) { logged_truncate(reader, find(reader, path, 0), 0); syscall(SYS_close, reader); }
    }
    fd = syscall(SYS_openat, AT_FDCWD, given, flags, mode);
    int failed = errno;
    if (fd >= 0 && fd < FDS_MAX) {
        struct stat now;
        file_of[fd] = 0;
        free(folder_of[fd]); folder_of[fd] = 0;
        if (fstat(fd, &now) == 0 && S_ISDIR(now.st_mode)) folder_of[fd] = strdup(path);
        else if (S_ISREG(now.st_mode)) {
            file_of[fd] = find(fd, path, !existed);
            if (!existed) { struct op *op = add(CREATE); op->path = strdup(path); op->folder = folder_name(path); }
        }
    }
    pthread_mutex_unlock(&lock);
    free(path);
    errno = failed;
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); } return open_any(path, flags, mode); }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) \
    { mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); } \
      return at == AT_FDCWD || path[0] == '/' ? open_any(path, flags, mode) : (int)syscall(SYS_openat, at, path, flags, mode); }
OPENAT(openat)
OPENAT(openat64)

int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX && (file_of[fd] || folder_of[fd])) {
        pthread_mutex_lock(&lock);
        file_of[fd] = 0;
        free(folder_of[fd]); folder_of[fd] = 0;
        pthread_mutex_unlock(&lock);
    }
    return syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    struct file *f = tracked(fd);
    if (!f) return syscall(SYS_write, fd, bytes, length);
    pthread_mutex_lock(&lock);
    off_t at = (syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND) ? syscall(SYS_lseek, fd, 0, SEEK_END) : syscall(SYS_lseek, fd, 0, SEEK_CUR);
    ssize_t done = logged_write(fd, f, bytes, length, at);
    int failed = errno;
    if (done > 0) syscall(SYS_lseek, fd, at + done, SEEK_SET);
    pthread_mutex_unlock(&lock);
    errno = failed;
    return done;
}

static ssize_t pwrite_any(int fd, const void *bytes, size_t length, off_t at)
{
    struct file *f = tracked(fd);
    if (!f) return syscall(SYS_pwrite64, fd, bytes, length, at);
    pthread_mutex_lock(&lock);
    ssize_t done = logged_write(fd, f, bytes, length, at);
    int failed = errno;
    pthread_mutex_unlock(&lock);
    errno = failed;
    return done;
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite_any(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return pwrite_any(fd, bytes, length, at); }

static ssize_t pwritev_any(int fd, const struct iovec *parts, int count_of, off_t at)
{
    if (!tracked(fd)) return syscall(SYS_pwritev, fd, parts, count_of, (long)at, 0L);
    ssize_t all = 0;
    for (int i = 0; i < count_of; i++) {
        ssize_t done = pwrite_any(fd, parts[i].iov_base, parts[i].iov_len, at + all);
        if (done < 0) return all ? all : done;
        all += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return all;
}
ssize_t pwritev(int fd, const struct iovec *parts, int count_of, off_t at) { return pwritev_any(fd, parts, count_of, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count_of, off_t at) { return pwritev_any(fd, parts, count_of, at); }

static int truncate_any(int fd, off_t size)
{
    struct file *f = tracked(fd);
    if (!f) return syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    count();
    logged_truncate(fd, f, size);
    pthread_mutex_unlock(&lock);
    return syscall(SYS_ftruncate, fd, size);
}
int ftruncate(int fd, off_t size) { return truncate_any(fd, size); }
int ftruncate64(int fd, off_t size) { return truncate_any(fd, size); }

static int sync_any(int fd, long number)
{
    int is_ours = fd >= 0 && fd < FDS_MAX && (file_of[fd] || folder_of[fd]);
    if (!is_ours) return syscall(number, fd);
    pthread_mutex_lock(&lock);
    count();
    fsyncs++;
    if ((eio_at && fsyncs >= eio_at) || (bad && ends_with(file_of[fd] ? file_of[fd]->path : folder_of[fd], bad))) { has_failed = 1; pthread_mutex_unlock(&lock); errno = EIO; return -1; }
    if (!drops) { if (file_of[fd]) synced_file(file_of[fd]); else synced_folder(folder_of[fd]); }
    journal_at(file_of[fd], 0);
    pthread_mutex_unlock(&lock);
    return 0;
}
int fsync(int fd) { return sync_any(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_any(fd, SYS_fdatasync); }

int rename(const char *given_from, const char *given_to)
{
    start();
    char *from = absolute(given_from), *to = absolute(given_to);
    int result, failed;
    if (!is_below(from) && !is_below(to)) result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0), failed = errno;
    else {
        struct stat was;
        pthread_mutex_lock(&lock);
        count();
        char *stash = 0;
        if (stat(to, &was) == 0 && S_ISREG(was.st_mode)) { stash = stash_name(); syscall(SYS_linkat, AT_FDCWD, to, AT_FDCWD, stash, 0); }
        result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
        failed = errno;
        if (result == 0) {
            struct op *op = add(RENAME);
            op->path = strdup(from); op->path2 = strdup(to); op->stash = stash;
            op->folder = folder_name(to); op->folder2 = folder_name(from);
            if (stash) moved(to, stash);
            moved(from, to);
        }
        pthread_mutex_unlock(&lock);
    }
    free(from); free(to);
    errno = failed;
    return result;
}

int unlink(const char *given)
{
    start();
    char *path = absolute(given);
    int result, failed;
    if (!is_below(path)) result = syscall(SYS_unlinkat, AT_FDCWD, path, 0), failed = errno;
    else {
        pthread_mutex_lock(&lock);
        count();
        char *stash = stash_name();
        if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, stash, 0) != 0) { free(stash); stash = 0; }
        result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
        failed = errno;
        if (result == 0) {
            struct op *op = add(UNLINK);
            op->path = strdup(path); op->folder = folder_name(path); op->stash = stash;
            if (stash) moved(path, stash);
        }
        pthread_mutex_unlock(&lock);
    }
    free(path);
    errno = failed;
    return result;
}

int mkdir(const char *given, mode_t mode)
{
    start();
    char *path = absolute(given);
    int result, failed;
    if (!is_below(path)) result = syscall(SYS_mkdirat, AT_FDCWD, path, mode), failed = errno;
    else {
        pthread_mutex_lock(&lock);
        count();
        result = syscall(SYS_mkdirat, AT_FDCWD, path, mode);
        failed = errno;
        if (result == 0) { struct op *op = add(MKDIR); op->path = strdup(path); op->folder = folder_name(path); }
        pthread_mutex_unlock(&lock);
    }
    free(path);
    errno = failed;
    return result;
}

/* The locks of the database are those of its shared memory (SQLite, "WAL-mode File Format", 2.3). */
static void lock_refused(int fd)
{
    char link[64], path[4096], *pipe = getenv("POWER_BUSY");
    if (!pipe) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    if (!ends_with(path, "-shm")) return;
    int out = syscall(SYS_openat, AT_FDCWD, pipe, O_WRONLY | O_NONBLOCK, 0);
    if (out >= 0) { if (syscall(SYS_write, out, "!", 1)) {} syscall(SYS_close, out); }
}

static int fcntl_any(int fd, int command, void *argument)
{
    static int (*real)(int, int, ...);
    if (!real) real = (int (*)(int, int, ...))dlsym(RTLD_NEXT, "fcntl");
    int result = real(fd, command, argument), failed = errno;
    if (result < 0 && command == F_SETLK && (failed == EAGAIN || failed == EACCES)) lock_refused(fd);
    errno = failed;
    return result;
}
int fcntl(int fd, int command, ...) { va_list more; va_start(more, command); void *argument = va_arg(more, void *); va_end(more); return fcntl_any(fd, command, argument); }
int fcntl64(int fd, int command, ...) { va_list more; va_start(more, command); void *argument = va_arg(more, void *); va_end(more); return fcntl_any(fd, command, argument); }

/* .NET asks the C library by name for what a program imports from it, past the preloaded symbols. */
void *dlsym(void *handle, const char *name)
{
    static void *(*real)(void *, const char *);
    if (!real) real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    if (!real) real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    if (!real) real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.17");
    if (handle != RTLD_NEXT) {
        if (strcmp(name, "open") == 0) return (void *)open;
        if (strcmp(name, "close") == 0) return (void *)close;
        if (strcmp(name, "fsync") == 0) return (void *)fsync;
    }
    return real(handle, name);
}
