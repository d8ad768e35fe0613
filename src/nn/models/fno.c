/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fourier neural operator (Li et al. 2021), in 1D and 2D.
 *
 *     lift: linear  ->  layers of f(F^-1(R F(x)) + W x + b)  ->  project
 *
 * with f the activation. `style: apebench` (Koehler et al. 2024,
 * `FNO;modes;width;layers;activation`): f after the last layer too, projection
 * by one linear map, spectral weights from normals. `style: li`: coordinates
 * beside the input, no f after the last layer, projection by two linear maps
 * with 128 channels and f between, spectral weights positive at first. No
 * padding. Parameters with w = width, m = modes, D dimensions and s = 2^(D-1):
 *
 *     apebench  (C w + w) + layers (2 s w^2 m^D + w^2 + w) + (w C + C)
 *     li        ((C + D) w + w) + layers (same) + (128 w + 128) + (128 C + C)
 *
 * which is 32 527 for FNO;12;18;4 with C = 1 in 1D, 747 919 in 2D. PyTorch counts
 * a complex number once: 28 345 796 for Li's with w = 64, m = 24, six layers,
 * C = 4 in 2D.
 */
#include "nn/models/parts.h"

enum { PROJECTION = 128 };
enum style { APEBENCH, LI };

static const struct weir_option options[] = {
    {.name = "modes",
     .type = WEIR_OPTION_INT,
     .fallback = "12",
     .min = 1,
     .max = 1024,
     .help = "wavenumbers kept along each axis"},
    WEIR_OPTION_HIDDEN("32", "8"),
    {.name = "layers",
     .type = WEIR_OPTION_INT,
     .fallback = "4",
     .min = 1,
     .max = 100,
     .help = "Fourier layers"},
    WEIR_OPTION_ACTIVATION("gelu"),
    {.name = "style",
     .type = WEIR_OPTION_CHOICE,
     .fallback = "apebench",
     .choices = "apebench|li",
     .help = "li: coordinates as input, two-step projection"},
    {0},
};

static int project(struct weir_graph *g, int x, enum style style,
                   enum weir_activation f)
{
    int dims = g->shape.dims;
    if (style == APEBENCH)
        return weir_graph_linear(g, x, "project", g->shape.channels, dims);
    x = weir_graph_linear(g, x, "project.0", PROJECTION, dims);
    x = weir_graph_activate(g, x, f);
    return weir_graph_linear(g, x, "project.1", g->shape.channels, dims);
}

/* Wavenumbers there are: of both signs along the rows of a 2D field. */
static int check(const struct weir_graph *g, const struct weir_options *opts)
{
    const struct weir_shape *s = &g->shape;
    int modes = (int)weir_option_int(opts, "modes");
    int most = s->n[s->dims == 2] / 2 + 1;
    if (s->dims == 2 && s->n[0] / 2 < most)
        most = s->n[0] / 2;
    return modes <= most
               ? 0
               : weir_parts_refuse(opts, WEIR_PARTS("modes"),
                                   "%d, expected %d or fewer of %d points",
                                   modes, most, weir_parts_side(g));
}

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    if (!g->error)
        g->error = check(g, opts);
    int layers = (int)weir_option_int(opts, "layers");
    enum style style = (enum style)weir_option_int(opts, "style");
    enum weir_activation f = weir_parts_activation(opts);
    struct weir_fourier fourier = {
        .channels = (int)weir_option_int(opts, "width"),
        .modes = (int)weir_option_int(opts, "modes"),
        .positive_start = style == LI,
    };
    int x = weir_graph_input(g);
    if (style == LI)
        x = weir_graph_coordinates(g, x);
    x = weir_graph_linear(g, x, "lift", fourier.channels, g->shape.dims);
    for (int i = 0; i < layers; i++) {
        x = weir_graph_fourier(g, x, weir_parts_name("layer.%d", i), &fourier);
        if (style == APEBENCH || i + 1 < layers)
            x = weir_graph_activate(g, x, f);
    }
    weir_graph_output(g, project(g, x, style, f));
    return g->error;
}

const struct weir_model_ops weir_model_fno = {
    .name = "fno",
    .summary = "Fourier neural operator (Li et al.; APEBench FNO)",
    .options = options,
    .spelling = "FNO;modes;width;layers;activation",
    .build = build,
};
