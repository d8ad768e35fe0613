/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/evidence.h"

#include <math.h>
#include <stdbool.h>

static const double PI = 3.14159265358979323846;

/* Without an overflow; its slope is the sigmoid. */
static double softplus(double r)
{
    return r > 0 ? r + log1p(exp(-r)) : log1p(exp(r));
}

static double sigmoid(double r)
{
    return r > 0 ? 1 / (1 + exp(-r)) : exp(r) / (1 + exp(r));
}

/*
 * log(Gamma(a + 1/2) / Gamma(a)) and its slope, for a >= 1: the asymptotic
 * series 1/2 log x - 1/(8x) + 1/(192x^3) - 1/(640x^5) + 17/(14336x^7) from x >=
 * 8 on, and below by Gamma(a + 1) = a Gamma(a). The next term is below 2e-11.
 */
static double half_step(double a, double *slope)
{
    double x = a, product = 1, change = 0;
    for (; x < 8; x++) {
        product *= x / (x + 0.5);
        change += 0.5 / (x * (x + 0.5));
    }
    double y = 1 / x, q = y * y;
    *slope =
        change + y / 2 +
        q * (1.0 / 8 - q * (3.0 / 192 - q * (5.0 / 640 - q * (119.0 / 14336))));
    return log(product) + 0.5 * log(x) -
           y * (1.0 / 8 -
                q * (1.0 / 192 - q * (1.0 / 640 - q * (17.0 / 14336))));
}

/* The density of one value, and what its numbers came from. */
struct evidence {
    double nu, alpha, beta;
};

static struct evidence evidence_of(const float *raw, size_t n, size_t i)
{
    return (struct evidence){
        .nu = softplus((double)raw[i]) + WEIR_EVIDENCE_LEAST,
        .alpha = softplus((double)raw[n + i]) + 1 + WEIR_EVIDENCE_LEAST,
        .beta = softplus((double)raw[2 * n + i]) + WEIR_EVIDENCE_LEAST,
    };
}

/* d loss / d of e and of the three numbers. */
struct slopes {
    double e, nu, alpha, beta;
};

static double value_loss(const struct evidence *v, double weight, double e,
                         struct slopes *d)
{
    double size = fabs(e), sign = (e > 0) - (e < 0), step;
    double ratio = half_step(v->alpha, &step);
    double omega = 2 * v->beta * (1 + v->nu), far = v->nu * e * e + omega;
    double power = v->alpha + 0.5, inside = power / far - v->alpha / omega;
    *d = (struct slopes){
        .e = 2 * power * v->nu * e / far +
             weight * sign * (2 * v->nu + v->alpha),
        .nu = -0.5 / v->nu + 2 * v->beta * inside + power * e * e / far +
              2 * weight * size,
        .alpha = log(far / omega) - step + weight * size,
        .beta = 2 * (1 + v->nu) * inside,
    };
    return 0.5 * log(PI / v->nu) - v->alpha * log(omega) + power * log(far) -
           ratio + weight * size * (2 * v->nu + v->alpha);
}

double weir_evidence_gradient(const struct weir_loss_frame *frame,
                              double weight, const float *prediction,
                              const float *target, double factor,
                              float *gradient, float *raw)
{
    size_t n = (size_t)frame->channels * frame->points;
    double sum = 0, share = factor / (double)n;
    for (size_t i = 0; i < n; i++) {
        double unit = frame->unit[i / frame->points];
        double e = ((double)target[i] - prediction[i]) / unit;
        struct evidence v = evidence_of(raw, n, i);
        struct slopes d;
        sum += value_loss(&v, weight, e, &d);
        gradient[i] -= (float)(share * d.e / unit);
        raw[i] = (float)(share * d.nu * sigmoid(raw[i]));
        raw[n + i] = (float)(share * d.alpha * sigmoid(raw[n + i]));
        raw[2 * n + i] = (float)(share * d.beta * sigmoid(raw[2 * n + i]));
    }
    return sum / (double)n;
}

static void variance_of(const struct weir_loss_frame *frame, const float *raw,
                        bool epistemic, float *variance)
{
    size_t n = (size_t)frame->channels * frame->points;
    for (size_t i = 0; i < n; i++) {
        struct evidence v = evidence_of(raw, n, i);
        double unit = frame->unit[i / frame->points];
        double all = unit * unit * v.beta / (v.alpha - 1);
        variance[i] = (float)(epistemic ? all / v.nu : all);
    }
}

void weir_evidence_epistemic(const struct weir_loss_frame *frame,
                             const float *raw, float *variance)
{
    variance_of(frame, raw, true, variance);
}

void weir_evidence_aleatoric(const struct weir_loss_frame *frame,
                             const float *raw, float *variance)
{
    variance_of(frame, raw, false, variance);
}
