import { isIP } from 'node:net';
import type { SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import type { Outgoing } from '#dispatch/outgoing.js';
import type { EmailSettings } from './config.js';
import { SmtpPool } from './smtp.js';

/** Connections to the mail server of a destination; none is opened before there is something to send. `keep` stay open when idle. */
export function openPool(settings: EmailSettings, secret: (name: string) => string, outgoing: Outgoing, keep?: number): SmtpPool {
  const { login } = settings;
  return new SmtpPool(optionsOf(settings, secret), outgoing, login && { user: login.user, pass: secret(login.secret) }, keep);
}

function optionsOf(settings: EmailSettings, secret: (name: string) => string) {
  const { security, timeouts } = settings;
  return {
    host: settings.host,
    port: settings.port,
    ...(isIP(settings.host) === 0 && { servername: settings.host }),
    name: settings.bounce.domain,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    connectionTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.connectMs,
    socketTimeout: timeouts.silenceMs,
    socketCloseTimeout: 0,
    // The server's replies may quote the message: nothing of them is logged.
    logger: false,
    tls: { minVersion: 'TLSv1.2', ...(settings.ca && { ca: secret(settings.ca) }) },
  } satisfies SMTPConnectionOptions;
}
