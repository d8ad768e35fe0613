/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A solver of one's own in C: Allen-Cahn, u_t = d u_xx + r (u - u^3), on a
 * periodic line, by finite differences and explicit Euler steps.
 *
 *     cc -O2 allen_cahn.c $(pkg-config --cflags --libs weir_client) -lm -o allen_cahn
 *     weir run allen_cahn.yaml
 *
 * Four calls make it a solver for weir: attach, next, send, finish.
 */
#include <weir/client.h>

#include <math.h>
#include <stdio.h>

#define POINTS   64
#define SUBSTEPS 10
#define FRAME_DT 0.05

static void initialise(double *u, double amplitude, double phase, double mix)
{
    for (int i = 0; i < POINTS; i++) {
        double x = 2 * 3.14159265358979 * i / POINTS;
        u[i] = amplitude * (sin(x + phase) + mix * cos(3 * x));
    }
}

/* One frame later. */
static void advance(double *u, double d, double r)
{
    double h = 1.0 / POINTS, dt = FRAME_DT / SUBSTEPS, next[POINTS];
    for (int step = 0; step < SUBSTEPS; step++) {
        for (int i = 0; i < POINTS; i++) {
            double left = u[(i + POINTS - 1) % POINTS];
            double right = u[(i + 1) % POINTS];
            double curve = (left - 2 * u[i] + right) / (h * h);
            next[i] = u[i] + dt * (d * curve + r * (u[i] - u[i] * u[i] * u[i]));
        }
        for (int i = 0; i < POINTS; i++)
            u[i] = next[i];
    }
}

int main(void)
{
    struct weir_client *weir;
    double u[POINTS], p[3]; /* amplitude, phase, mix: as in allen_cahn.yaml */

    if (weir_client_attach(&weir)) {
        fprintf(stderr, "%s\n", weir_client_message());
        return 1;
    }
    while (weir_client_next(weir, p, 3) == 1) {
        initialise(u, p[0], p[1], p[2]);
        for (int t = 0; t < weir_client_expects(weir)->frames; t++) {
            if (t > 0)
                advance(u, 1e-3, 5);
            if (weir_client_send_double(weir, u, POINTS))
                break;
        }
        weir_client_finish(weir);
    }
    weir_client_detach(weir);
    return 0;
}
