import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Faults } from '#dispatch/testing/fake-partner.js';
import { sendBroken } from '#dispatch/testing/broken-answer.js';

/**
 * The line in front of a simulated push service. HTTP/2 has no half of a status, so an answer breaks off or trickles here, below
 * the encryption: what the service says after `breakAnswers` goes out in that way, until `mend`.
 */
export class BrokenLine {
  private readonly server: Server;
  private readonly callers = new Set<Socket>();
  private faults: Faults | undefined;

  constructor(private readonly behind: number) {
    this.server = createServer((caller) => this.carry(caller));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async listen(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  breakAnswers(faults: Faults): void {
    this.faults = faults;
  }

  /** Lines on which an answer still trickles are closed: nothing whole could follow it. */
  mend(): void {
    if (!this.faults) return;
    this.faults = undefined;
    for (const caller of this.callers) caller.destroy();
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    for (const caller of this.callers) caller.destroy();
    await closed;
  }

  private carry(caller: Socket): void {
    const service = connect({ port: this.behind, host: '127.0.0.1', noDelay: true });
    caller.setNoDelay(true);
    this.callers.add(caller);
    caller.on('error', () => undefined).once('close', () => {
      this.callers.delete(caller);
      service.destroy();
    });
    service.on('error', () => undefined).once('close', () => caller.destroySoon());
    caller.pipe(service);
    service.on('data', (octets: Buffer) => {
      if (this.faults) sendBroken(caller, octets, this.faults);
      else if (!caller.write(octets)) {
        service.pause();
        caller.once('drain', () => service.resume());
      }
    });
  }
}
