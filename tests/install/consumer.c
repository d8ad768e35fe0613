/* SPDX-License-Identifier: BSD-3-Clause */
/* A user of the library, in C11 and in C++17: one call of every header. */
#include <stdio.h>
#include <stdlib.h>
#include <weir/blob.h>
#include <weir/option.h>
#include <weir/solver.h>
#include <weir/space.h>
#include <weir/strategy.h>
#include <weir/surrogate.h>
#include <weir/version.h>

static int use_options(void)
{
    struct weir_option declared[2] = {};
    struct weir_options o;
    const char *names[] = {"width", "depth"};
    declared[0].name = "width";
    declared[0].type = WEIR_OPTION_INT;
    declared[0].fallback = "32";
    if (weir_options_init(declared, &o) || weir_option_int(&o, "width") != 32)
        return 1;
    if (weir_options_set(&o, "width", "10abc") == 0 ||
        weir_options_set(&o, "width", "64") ||
        weir_option_int(&o, "width") != 64 || !weir_option_given(&o, "width"))
        return 2;
    weir_options_free(&o);
    return weir_nearest_name("widht", names, 2) == names[0] ? 0 : 3;
}

static int use_space(void)
{
    struct weir_parameter p = {"a", NULL, 1, 100, WEIR_AXIS_LOG, false};
    struct weir_space s = {1, &p};
    double u = 0.5, x;
    weir_space_to_box(&s, &u, &x);
    if (x < 9.999 || x > 10.001)
        return 4;
    weir_space_to_unit(&s, &x, &u);
    return u > 0.4999 && u < 0.5001 ? 0 : 5;
}

static int use_blob(void)
{
    struct weir_blob b = {};
    int in = 7, out = 0;
    int rc = weir_blob_put(&b, &in, sizeof(in));
    rc = rc ? rc : weir_blob_get(&b, &out, sizeof(out));
    weir_blob_free(&b);
    return rc == 0 && out == 7 ? 0 : 6;
}

/* A state of its own through a surrogate from DIR; without DIR, the refusal. */
static int use_surrogate(const char *dir)
{
    struct weir_predictor *p = NULL;
    if (!dir)
        return weir_predictor_open("/nowhere", NULL, &p) < 0 &&
                       weir_predictor_message()[0]
                   ? 0
                   : 8;
    if (weir_predictor_open(dir, NULL, &p)) {
        puts(weir_predictor_message());
        return 9;
    }
    size_t frame = weir_shape_floats(&weir_predictor_about(p)->shape);
    float *in = (float *)malloc(frame * sizeof(*in));
    float *out = (float *)malloc(3 * frame * sizeof(*out));
    for (size_t i = 0; i < frame; i++)
        in[i] = (float)(i % 7) / 7;
    int rc = weir_predictor_rollout(p, in, 1, 3, out, NULL) ? 10 : 0;
    if (rc == 0)
        rc =
            weir_predictor_step(p, in, 1, in, NULL) || in[0] != out[0] ? 11 : 0;
    free(in);
    free(out);
    weir_predictor_close(p);
    return rc;
}

int main(int argc, char **argv)
{
    struct weir_shape shape = {2, 2, {3, 4}};
    int rc = use_options();
    rc = rc ? rc : use_space();
    rc = rc ? rc : use_blob();
    rc = rc ? rc : use_surrogate(argc > 1 ? argv[1] : NULL);
    if (rc == 0 && weir_shape_floats(&shape) != 24)
        rc = 7;
    printf("%s %d\n", WEIR_VERSION, rc);
    return rc;
}
