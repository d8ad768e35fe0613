/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a checkpoint takes until it is on disk, and how long its arrays must
 * not change ("held"), against what could be done instead:
 *
 *   weir            io_uring, O_DIRECT, registered buffers (or what there is)
 *   weir pwrite     the same pieces with pwrite
 *   weir cached     pwrite through the page cache
 *   write           buffered write of the arrays, then fdatasync: held all along
 *   device          O_DIRECT writes of 4 MiB, no header, no checksum: the rate
 *
 * Rounds are interleaved, so that all meet the same moods of the device.
 * usage: checkpoint_write [MiB [rounds [directory [KiB per piece [pieces]]]]]
 */
#include "perf/perf.h"

#include "base/err.h"
#include "io/checkpoint_writer.h"
#include "io/run_dir.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define ARRAYS 24

enum { WEIR, PWRITE, CACHED, WRITE, DEVICE, METHODS };

static const char *const names[] = {"weir", "weir pwrite", "weir cached",
                                    "write", "device"};

static struct weir_tensor tensor[ARRAYS];
static size_t bytes_each;
static char dir[PATH_MAX], path[PATH_MAX];
static struct weir_checkpoint_writer *writer[3];
static struct weir_hist *total, *held; /* ns, one per method */

static void stop_on(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "perf: %s\n", weir_err_message());
        exit(1);
    }
}

static void make_arrays(size_t mib)
{
    bytes_each = (mib << 20) / ARRAYS / 4096 * 4096;
    for (int i = 0; i < ARRAYS; i++) {
        char name[32];
        void *data = NULL;
        if (posix_memalign(&data, 4096, bytes_each))
            exit(1);
        for (size_t k = 0; k < bytes_each / 4; k++)
            ((float *)data)[k] = (float)k * 1e-3f;
        snprintf(name, sizeof(name), "array.%d", i);
        stop_on(weir_tensor_vector(tensor + i, name, WEIR_F32, bytes_each / 4,
                                   data));
    }
}

static void make_writers(size_t piece_kib, int pieces)
{
    struct weir_checkpoint_options o = {.dir = dir,
                                        .keep = 1,
                                        .piece_bytes = piece_kib << 10,
                                        .pieces = pieces};
    stop_on(weir_run_dir_prepare(dir));
    stop_on(weir_checkpoint_writer_create(&o, writer + WEIR));
    o.no_uring = true;
    stop_on(weir_checkpoint_writer_create(&o, writer + PWRITE));
    o.no_direct = true;
    stop_on(weir_checkpoint_writer_create(&o, writer + CACHED));
}

static void write_checkpoint(int method, uint64_t step)
{
    struct weir_checkpoint c = {.step = step, .tensor = tensor, .n = ARRAYS};
    struct weir_checkpoint_report report;
    stop_on(weir_checkpoint_write(writer[method], &c, &report));
    weir_hist_record(total + method, report.total_ns);
    weir_hist_record(held + method, report.copied_ns);
}

static void write_file(int flags, size_t piece)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | flags, 0666);
    for (int i = 0; i < ARRAYS; i++)
        for (size_t at = 0; at < bytes_each; at += piece) {
            size_t n = bytes_each - at < piece ? bytes_each - at : piece;
            const char *from = (const char *)tensor[i].data + at;
            if (write(fd, from, n) != (ssize_t)n) {
                perror(path);
                exit(1);
            }
        }
    if (fdatasync(fd) < 0 || close(fd) < 0) {
        perror(path);
        exit(1);
    }
}

static void run_method(int method, uint64_t step)
{
    if (method < WRITE) {
        write_checkpoint(method, step);
        return;
    }
    int64_t begin = weir_now_ns();
    write_file(method == DEVICE ? O_DIRECT : 0, 4u << 20);
    weir_hist_record(total + method, weir_now_ns() - begin);
    weir_hist_record(held + method, weir_now_ns() - begin);
    unlink(path);
}

int main(int argc, char **argv)
{
    size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 256;
    int rounds = argc > 2 ? atoi(argv[2]) : 10;
    snprintf(dir, sizeof(dir), "%.3000s/weir-perf-%d",
             argc > 3 ? argv[3] : "/tmp", (int)getpid());
    snprintf(path, sizeof(path), "%.3000s/plain", dir);
    total = weir_array(2 * METHODS, sizeof(*total));
    held = total + METHODS;
    make_arrays(mib);
    make_writers(argc > 4 ? strtoul(argv[4], NULL, 10) : 0,
                 argc > 5 ? atoi(argv[5]) : 0);
    perf_conditions("checkpoint_write",
                    "%zu MiB in %d arrays to %s, %d interleaved rounds after "
                    "one unmeasured",
                    mib, ARRAYS, dir, rounds);
    for (int r = 0; r <= rounds; r++) {
        for (int m = 0; m < METHODS; m++)
            run_method(m, (uint64_t)(r * METHODS + m));
        for (int m = 0; m < METHODS && r == 0; m++) {
            weir_hist_reset(total + m);
            weir_hist_reset(held + m);
        }
    }
    double size = (double)bytes_each * ARRAYS;
    for (int m = 0; m < METHODS; m++) {
        double ns = (double)weir_hist_quantile(total + m, 0.5);
        perf_row("checkpoint_write", "ns", total + m,
                 "\"method\": \"%s\", \"median_MB_per_s\": %.0f, "
                 "\"held_median_ns\": %" PRIu64 ", ",
                 names[m], size / ns * 1e3, weir_hist_quantile(held + m, 0.5));
    }
    for (int i = 0; i < 3; i++)
        weir_checkpoint_writer_destroy(writer[i]);
    char command[PATH_MAX + 16];
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    return system(command) != 0;
}
