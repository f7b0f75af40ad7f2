/* How long the LightGBM library takes for one row, by its fastest call (the prepared single-row predictor).
 * lightgbmLatency MODEL ROWS.bin COLUMNS ROUNDS: prints, in microseconds, p50 and p99 of all calls and p99 over the rows of
 * each row's median call (that one does not count the moments another process had the core), then the sum of all raw scores.
 * Built by test/bench/inference.ts into the cache folder. */
#include <LightGBM/c_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void check(int code) {
  if (code != 0) {
    fprintf(stderr, "LightGBM: %s\n", LGBM_GetLastError());
    exit(1);
  }
}
static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}
static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int columns = atoi(argv[3]), rounds = atoi(argv[4]);
  BoosterHandle booster;
  FastConfigHandle fast;
  int iterations;
  check(LGBM_BoosterCreateFromModelfile(argv[1], &iterations, &booster));
  check(LGBM_BoosterPredictForMatSingleRowFastInit(booster, C_API_PREDICT_RAW_SCORE, 0, -1, C_API_DTYPE_FLOAT64, columns,
                                                   "num_threads=1", &fast));
  FILE* in = fopen(argv[2], "rb");
  if (!in) return 1;
  fseek(in, 0, SEEK_END);
  const long count = ftell(in) / (long)(sizeof(double) * columns);
  rewind(in);
  double* rows = malloc(sizeof(double) * columns * count);
  double* times = malloc(sizeof(double) * count * rounds);
  if (fread(rows, sizeof(double) * columns, count, in) != (size_t)count) return 1;
  double sum = 0, raw = 0;
  int64_t length = 0;
  for (int round = -1; round < rounds; round++) {
    for (long i = 0; i < count; i++) {
      const double from = now_us();
      check(LGBM_BoosterPredictForMatSingleRowFast(fast, rows + i * columns, &length, &raw));
      if (round >= 0) times[round * count + i] = now_us() - from; /* round -1 warms up */
      else sum += raw;
    }
  }
  double* medians = malloc(sizeof(double) * count);
  double* row = malloc(sizeof(double) * rounds);
  for (long i = 0; i < count; i++) {
    for (int round = 0; round < rounds; round++) row[round] = times[round * count + i];
    qsort(row, rounds, sizeof(double), by_value);
    medians[i] = row[rounds / 2];
  }
  const long n = count * rounds;
  qsort(times, n, sizeof(double), by_value);
  qsort(medians, count, sizeof(double), by_value);
  printf("%.3f %.3f %.3f %.17g\n", times[n / 2], times[(long)(n * 0.99)], medians[(long)(count * 0.99)], sum);
  return 0;
}
