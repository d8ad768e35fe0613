/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/softmax.h"

#include "nn/rows.h"

/* e^x for -80 <= x <= 0, smaller x counting as -80: 2^n 2^f, n the nearest whole
 * number and 2^f its series, good to 2e-7. */
WEIR_INLINE void exponential(weir_v8 *x)
{
    const weir_v8 least = {-80, -80, -80, -80, -80, -80, -80, -80};
    const float round = 12582912.0F; /* 1.5 2^23 pushes fractions out */
    weir_v8i above = *x > least;
    weir_v8 t = (weir_v8)(((weir_v8i)*x & above) | ((weir_v8i)least & ~above));
    t *= 1.44269504F;
    weir_v8 whole = t + round;
    weir_v8 f = t - (whole - round);
    weir_v8 p = 1.54035304e-4F * f + 1.33335581e-3F;
    p = p * f + 9.61812911e-3F;
    p = p * f + 5.55041087e-2F;
    p = p * f + 2.40226507e-1F;
    p = p * f + 6.93147181e-1F;
    p = p * f + 1.0F;
    *x = (weir_v8)((weir_v8i)p + ((weir_v8i)whole << 23));
}

/* The eight values at @p i, or fewer at the end, then @p rest. */
WEIR_INLINE void load(const float *x, int i, int n, float rest, weir_v8 *v)
{
    if (i + WEIR_LANES <= n) {
        weir_row_load(x + i, v);
        return;
    }
    float some[WEIR_LANES] = {rest, rest, rest, rest, rest, rest, rest, rest};
    for (int k = 0; i + k < n; k++)
        some[k] = x[i + k];
    weir_row_load(some, v);
}

WEIR_INLINE void store(const weir_v8 *v, float *x, int i, int n)
{
    int lanes = n - i < WEIR_LANES ? n - i : WEIR_LANES;
    if (lanes == WEIR_LANES)
        memcpy(x + i, v, sizeof(*v));
    else
        memcpy(x + i, v, (size_t)lanes * sizeof(float));
}

WEIR_INLINE float largest(const weir_v8 *v)
{
    float x[WEIR_LANES], most;
    memcpy(x, v, sizeof(x));
    most = x[0];
    for (int k = 1; k < WEIR_LANES; k++)
        most = x[k] > most ? x[k] : most;
    return most;
}

/* s += bias; the largest. */
WEIR_INLINE float add_bias(int n, const float *bias, float *s)
{
    const float never = -1e30F;
    weir_v8 most = {never, never, never, never, never, never, never, never};
    for (int i = 0; i < n; i += WEIR_LANES) {
        weir_v8 v, b;
        load(s, i, n, never, &v);
        load(bias, i, n, 0, &b);
        v += b;
        weir_v8i above = v > most;
        most = (weir_v8)(((weir_v8i)v & above) | ((weir_v8i)most & ~above));
        store(&v, s, i, n);
    }
    return largest(&most);
}

WEIR_INLINE void soften(int n, float most, float *s)
{
    weir_v8 sum = {0}, v;
    for (int i = 0; i < n; i += WEIR_LANES) {
        load(s, i, n, -1e30F, &v);
        v -= most;
        exponential(&v);
        store(&v, s, i, n);
        if (i + WEIR_LANES > n)
            load(s, i, n, 0, &v);
        sum += v;
    }
    float over = 1 / weir_row_lanes(&sum);
    for (int i = 0; i < n; i++)
        s[i] *= over;
}

WEIR_CLONES
void weir_softmax(int n, const float *bias, const int *region, float *s)
{
    for (int i = 0; i < n; i++, s += n, bias += n) {
        for (int j = 0; j < n && region; j++)
            s[j] += region[i] == region[j] ? 0 : WEIR_APART;
        soften(n, add_bias(n, bias, s), s);
    }
}

WEIR_CLONES
void weir_softmax_back(int n, const float *p, float *ds, float *dbias)
{
    for (int i = 0; i < n; i++, p += n, ds += n, dbias += n) {
        float mean = weir_row_dot(n, p, ds);
        for (int j = 0; j < n; j++) {
            ds[j] = (ds[j] - mean) * p[j];
            dbias[j] += ds[j];
        }
    }
}
