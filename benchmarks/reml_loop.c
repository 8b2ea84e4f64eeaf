/* The limit that the vectorised kernel is measured against: one fused loop of the same algorithm as
 * metaket/pooling/likelihood.py (bracket every stationary point with proof, then Newton), with full inference.
 * Only the benchmark compiles it; nothing in the package uses it. Intercept only, every study counts once. */
#include <math.h>

typedef struct { double f, h, g1, g2; } Moments;
typedef struct { const double *y, *v; double centre; int k; } Fit;

enum { SCAN_LIMIT = 2000, NEWTON_LIMIT = 100, MAXIMA = 64, FIELDS = 14 };
static const double SMALLEST_STEP = 1e-9, LAST_STEP = 3e-8;

static Moments moments(const Fit *fit, double t) {
    double s1 = 0, s2 = 0, s3 = 0, s1y = 0, s2y = 0, s3y = 0, s2yy = 0, s3yy = 0;
    for (int i = 0; i < fit->k; i++) {
        double y = fit->y[i] - fit->centre, w = 1.0 / (fit->v[i] + t), w2 = w * w, w3 = w2 * w;
        s1 += w; s2 += w2; s3 += w3;
        s1y += w * y; s2y += w2 * y; s3y += w3 * y;
        s2yy += w2 * y * y; s3yy += w3 * y * y;
    }
    double mu = s1y / s1, u = s2y - mu * s2, ratio = s2 / s1;
    double f = s2yy - mu * (2.0 * s2y - mu * s2), h = s3yy - mu * (2.0 * s3y - mu * s3) - u * u / s1;
    if (!(f > 0.0 && h > 0.0)) { f = 0.0; h = 1.0; }
    return (Moments){f, h, s1 - ratio, s2 - 2.0 * s3 / s1 + ratio * ratio};
}

static double larger(double a, double b) { return a > b ? a : b; }

static int tail_is_clear(double v_min, double v_max, double a, Moments m) {
    double rho = m.f / m.g1, r = rho * (v_max + a) / (2.0 * (v_min + a));
    return rho < 1.0 && (r <= 1.0 || (1.0 - r) * (1.0 - r) < 1.0 - rho);
}

/* 0: nothing proved; 1: no maximum in [a, b]; 2: exactly one. */
static int certify(double a, Moments at_a, double b, Moments at_b) {
    double rise_a = at_a.g2 / at_a.g1, rise_b = at_b.g2 / at_b.g1;
    double fall_a = 2.0 * at_a.h / at_a.f, fall_b = 2.0 * at_b.h / at_b.f, width = b - a;
    double climb = larger(rise_a - fall_b, 0.0) * width, drop = larger(fall_a - rise_b, 0.0) * width;
    int above = 1.0 - at_a.g1 / at_a.f > drop || 1.0 - at_b.g1 / at_b.f > climb;
    int below = 1.0 - at_a.f / at_a.g1 > climb || 1.0 - at_b.f / at_b.g1 > drop;
    int proved = fall_b > rise_a || fall_a < rise_b || above || below || width <= SMALLEST_STEP * (a + 1.0 / rise_a);
    return proved ? (at_a.f > at_a.g1 && at_b.f <= at_b.g1 ? 2 : 1) : 0;
}

static double first_step(Moments m) {
    double scale = m.g1 / m.g2;
    return larger(0.95 * (2.0 * scale - m.f / m.h), 0.25 * scale);
}

static double refine(const Fit *fit, double low, double high) {
    double t = 0.5 * (low + high);
    for (int i = 0; i < NEWTON_LIMIT; i++) {
        Moments m = moments(fit, t);
        if (m.f > m.g1) low = t; else high = t;
        double to = t + (m.f / m.g1 - 1.0) / (2.0 * m.h / m.f - m.g2 / m.g1);
        if (!(low <= to && to <= high)) to = 0.5 * (low + high);
        double moved = fabs(to - t), scale = t + m.g1 / m.g2;
        t = to;
        if (moved <= LAST_STEP * scale) break;
    }
    return t;
}

static double restricted_likelihood(const Fit *fit, double t) {
    double total = 0, mean = 0, logs = 0, q = 0;
    for (int i = 0; i < fit->k; i++) { double w = 1.0 / (fit->v[i] + t); total += w; mean += w * fit->y[i]; logs += log(w); }
    mean /= total;
    for (int i = 0; i < fit->k; i++) { double r = fit->y[i] - mean; q += r * r / (fit->v[i] + t); }
    return 0.5 * (logs - q - log(total));
}

static double maximise(const Fit *fit, double v_min, double v_max, int *evaluations) {
    double found[MAXIMA], a = 0.0, step = -1.0;
    int count = 0;
    Moments at_a = moments(fit, 0.0);
    if (at_a.f <= at_a.g1) found[count++] = 0.0;
    for (*evaluations = 1; !tail_is_clear(v_min, v_max, a, at_a) && *evaluations < SCAN_LIMIT; ++*evaluations) {
        if (step < 0.0) step = first_step(at_a);
        double b = a + step;
        Moments at_b = moments(fit, b);
        int proof = certify(a, at_a, b, at_b);
        if (proof == 2 && count < MAXIMA) found[count++] = refine(fit, a, b);
        if (proof) { a = b; at_a = at_b; step = -1.0; } else step *= 0.5;
    }
    double best = count ? found[0] : 0.0;
    for (int i = 1; i < count; i++)
        if (restricted_likelihood(fit, found[i]) > restricted_likelihood(fit, best)) best = found[i];
    return best;
}

/* Upper tail of chi-square on whole degrees of freedom, a finite sum. */
static double chi_square_tail(double x, int df) {
    int odd = df % 2;
    double half = 0.5 * x, sum = odd ? erfc(sqrt(half)) : 0.0;
    double term = (odd ? 2.0 * sqrt(half / M_PI) : 1.0) * exp(-half);
    for (int d = 2 + odd; d <= df; d += 2) { sum += term; term *= x / d; }
    return sum;
}

/* m fits of k studies: y and v (m, k), out (m, FIELDS) = estimate, std_error, statistic, p, low, high, tau2, se_tau2, Q,
 * Q's p, I2, H2, converged, evaluations. */
void pool_many(const double *y, const double *v, int m, int k, double quantile, double *out) {
    for (int j = 0; j < m; j++, y += k, v += k, out += FIELDS) {
        double v_min = v[0], v_max = v[0], s1 = 0, s2 = 0, s1y = 0, q = 0;
        for (int i = 0; i < k; i++) {
            double w = 1.0 / v[i];
            s1 += w; s2 += w * w; s1y += w * y[i];
            v_min = v[i] < v_min ? v[i] : v_min; v_max = v[i] > v_max ? v[i] : v_max;
        }
        Fit fit = {y, v, s1y / s1, k};
        for (int i = 0; i < k; i++) q += (y[i] - fit.centre) * (y[i] - fit.centre) / v[i];
        int evaluations;
        double tau2 = maximise(&fit, v_min, v_max, &evaluations), total = 0, mean = 0;
        for (int i = 0; i < k; i++) { double w = 1.0 / (v[i] + tau2); total += w; mean += w * y[i]; }
        mean /= total;
        double se = sqrt(1.0 / total), z = mean / se, typical = (k - 1) / (s1 - s2 / s1);
        double row[FIELDS] = {mean, se, z, erfc(fabs(z) * M_SQRT1_2), mean - quantile * se, mean + quantile * se, tau2,
                              sqrt(2.0 / moments(&fit, tau2).g2), q, chi_square_tail(q, k - 1),
                              100.0 * tau2 / (tau2 + typical), (tau2 + typical) / typical,
                              evaluations < SCAN_LIMIT, evaluations};
        for (int f = 0; f < FIELDS; f++) out[f] = row[f];
    }
}
