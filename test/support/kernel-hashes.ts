/**
 * What native/test/identity_work.h comes to for each kernel. They change only when a kernel changes, and then on every
 * machine.
 */
export const hashes: Readonly<Record<string, string>> = {
  'price-options-f64': 'cfd32b3b01cfe25d',
  'implied-volatility-f64': 'ad6ca4caba59f039',
  'price-options-f32': '9fc9ac468eea222b',
  'simulate-f32': '6d12d4a7d27c955a',
};
