import 'reflect-metadata';
import { openHouse } from '#apps/composition.js';
import { holdLifeline } from '#apps/findme/lifeline.js';
import { partsOf } from './parts.js';
import { Published } from './published.js';
import { createApi } from './server.js';

const house = await openHouse('api', process.env);
const app = await createApi(partsOf(house));

const lifeline = holdLifeline(async () => {
  house.log.event('app.stopping', { cause: 'asked' });
  await app.close();
  await house.close();
});

await house.book.watch(house.environment.DATABASE_URL);
await app.get(Published).watch();
await app.listen(house.environment.PORT, house.environment.HOST);
const { port } = app.getHttpServer().address() as { port: number };
house.log.event('app.started', { port });
lifeline.ready();
