// From LightGBM's raw score to its output, by the model's objective line. An unknown objective is refused: a guessed
// transform would be a wrong probability.

/** Raw score to output. For binary models the output is a probability. */
export type Transform = (raw: number) => number;

const same: Transform = (raw) => raw;
const logistic =
  (slope: number): Transform =>
  (raw) =>
    1 / (1 + Math.exp(-slope * raw));
const IDENTITY = ["regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg"];
const EXPONENTIAL = ["poisson", "gamma", "tweedie"];

/**
 * The transform of an objective line such as "binary sigmoid:1"; undefined (no line, a custom objective) is the raw
 * score itself. Returns the problem as text when the objective is unknown or its settings are not.
 */
export const parseObjective = (line: string | undefined): Transform | string => {
  if (line === undefined) return same;
  const [name = "", ...settings] = line.trim().split(/ +/);
  const plain = settings.length === 0;
  if (name === "binary") {
    const slope = /^sigmoid:(\d+(?:\.\d*)?(?:e[+-]?\d{1,3})?)$/i.exec(settings[0] ?? "")?.[1];
    if (settings.length === 1 && slope !== undefined && Number(slope) > 0 && Number.isFinite(Number(slope)))
      return logistic(Number(slope));
    return `expected "binary sigmoid:K" with K above 0, found ${JSON.stringify(line.slice(0, 60))}`;
  }
  if (name === "cross_entropy" && plain) return logistic(1);
  if (name === "cross_entropy_lambda" && plain) return (raw) => Math.log1p(Math.exp(raw));
  if ((name === "regression" || name === "regression_l1") && settings.join(" ") === "sqrt")
    return (raw) => Math.sign(raw) * raw * raw;
  if (IDENTITY.includes(name) && plain) return same;
  if (EXPONENTIAL.includes(name) && plain) return (raw) => Math.exp(raw);
  return `expected one of binary, cross_entropy, cross_entropy_lambda, ${[...IDENTITY, ...EXPONENTIAL].join(", ")}, found ${JSON.stringify(line.slice(0, 60))}; its output would be a guess`;
};
