import { memoryStores } from './memory-stores.js';
import { describeIdentityStores } from './store-contract.js';

describeIdentityStores('in memory', async () => {
  const stores = memoryStores();
  return { ...stores, records: async () => stores.facts.map((f) => f.record) };
});
