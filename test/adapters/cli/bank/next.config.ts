/** The bank with a second version of the balances. */
import { defineSystem } from 'decidable';
import { account, balances, transfer, transfers } from '../../../core/processors/transfers.ts';

const { types, projector } = balances;
const second = { types, projector: { ...projector, describe: () => ({ ...projector.describe(), version: '2' }) } };

export const nextBank = defineSystem({
  name: 'bank',
  deciders: [account, transfer],
  processManagers: [transfers],
  readModels: [second],
});
