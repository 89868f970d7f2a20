import { randomBytes } from 'node:crypto';

const IDS = ['tv-1', 'tv-2'];

const broadcaster = (id: string) => `
  - id: ${id}
    name: Televizija
    channel: cap-push
    mode: drill
    simulated: true
    settings: { url: https://127.0.0.1:1/cap, sender: proba@findme.example, signingKey: k, signingCertificate: c, secret: ${id}-webhook, simulated: { serverKey: k, serverCertificate: c } }`;

/** A configuration with two broadcasters that sign what they say, and an operator that does not. */
export const configuration = `
sender: proba@findme.example
destinations:${IDS.map(broadcaster).join('')}
  - { id: operator, name: Operater, channel: smpp, mode: drill, simulated: true, settings: { host: 127.0.0.1, systemId: findme, password: p, source: { address: PronadjiMe }, audience: { kind: distribution-list, name: SVI }, maxSegments: 10 } }
`;

/** What each broadcaster signs with, by the name that the configuration has for it. */
export const webhookSecrets: Readonly<Record<string, string>> = Object.fromEntries(IDS.map((id) => [`${id}-webhook`, `whsec_${randomBytes(32).toString('base64')}`]));

/** Reads the secrets of the house: those of the broadcasters, and some word for every other. */
export const secret = (name: string): string => webhookSecrets[name] ?? 'secret';
