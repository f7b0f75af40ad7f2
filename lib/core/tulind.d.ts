// The part of tulind 0.8.20 that lib/core/indicators.ts uses. Nothing else imports tulind (docs/model.md).
declare module "tulind" {
  interface Indicator {
    readonly input_names: readonly string[];
    readonly option_names: readonly string[];
    readonly output_names: readonly string[];
    /** Index of the first bar that has an output. */
    start(options: readonly number[]): number;
    /** Calls back before it returns. Plain arrays only; `error` is a string, not an Error. */
    indicator(
      inputs: readonly (readonly number[])[],
      options: readonly number[],
      callback: (error: unknown, outputs: number[][] | null) => void,
    ): void;
  }
  const tulind: { readonly version: string; readonly indicators: Readonly<Record<string, Indicator>> };
  export default tulind;
}
