import { startBundledValkey } from './valkey-bridge.js';

/*
 * The bundled Valkey as a process of its own, so that a trap in it takes nobody along. Started by the keeper; ends when
 * the keeper does. It hears its port and password over the channel: a command line can be read by everybody.
 */

process.on('disconnect', () => process.exit(0));
process.on('message', (message: { port: number; password: string }) => {
  startBundledValkey({
    ...message,
    onFault: (error) => {
      console.error('valkey: fault in the bundled server', error);
      process.exit(70);
    },
  }).then(
    () => process.send?.({ ready: true }),
    (error: unknown) => {
      console.error('valkey: cannot start', error);
      process.exit(1);
    },
  );
});
