import { OptionModel, OptionType, OptionValue, type ExecutionOptions, type Services } from '../../src/client/index.js';

type Request = Parameters<Services['pricing']['priceOptions']>[0];

/** Calls of as many strikes. */
export const optionRequest = (rows: number, execution: Partial<ExecutionOptions> = {}): Request => ({
  model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
  type: OptionType.OPTION_TYPE_CALL,
  spot: 100,
  strike: Float64Array.from({ length: rows }, (_, row) => 50 + row / 100),
  rate: 0.01,
  volatility: 0.2,
  yearsToExpiry: 1,
  values: [OptionValue.OPTION_VALUE_PRICE],
  execution,
});
