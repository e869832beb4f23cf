// Prices a small chain through one session of a daemon: node chain.ts SOCKET (Node 22.18+, or npx tsx chain.ts SOCKET)
import { connect, Fault, OptionModel, OptionType, OptionValue } from 'acceld/client';

const client = connect({ socket: process.argv[2] });
const session = client.session();
const strikes = [90, 95, 100, 105, 110];
try {
  // One call per strike, all of them under way at once over the one stream.
  const replies = await Promise.all(
    strikes.map((strike) =>
      session.pricing.priceOptions({
        model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
        values: [OptionValue.OPTION_VALUE_PRICE, OptionValue.OPTION_VALUE_DELTA],
        type: [OptionType.OPTION_TYPE_CALL, OptionType.OPTION_TYPE_PUT],
        spot: 100,
        strike,
        rate: 0.05,
        dividendYield: 0.01,
        volatility: 0.2,
        yearsToExpiry: 0.5,
      }),
    ),
  );
  replies.forEach(({ price, delta }, index) => {
    const [call, put] = [0, 1].map((row) => `${price?.[row]?.toFixed(6)} (delta ${delta?.[row]?.toFixed(4)})`);
    console.log(`strike ${strikes[index]}: call ${call}, put ${put}`);
  });
  await session.close();
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  client.close();
}
