import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import type { SignedIn } from '#identity/accounts.js';
import type { Passkey, PasskeyId } from '#identity/passkey.js';
import { Passkeys } from '#identity/passkeys.js';
import { Door, Who } from './door.js';
import { passkeyMade, proofFields, STEP_UP_REFUSALS } from './step-up.js';

const instant = z.iso.datetime();
const passkeySchema = z.object({ id: z.string(), name: z.string(), createdAt: instant, lastUsedAt: instant.nullable() }).meta({ id: 'Passkey' });
const list = z.object({ items: z.array(passkeySchema) });
export type PasskeyShown = z.infer<typeof passkeySchema>;
const proof = z.strictObject(proofFields);
const registration = z.strictObject({ name: z.string().max(200), passkey: passkeyMade });
const options = z.record(z.string(), z.unknown()).describe('PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3, section 5.4)');

/** One's own passkeys. */
@Controller('v1/passkeys')
export class PasskeysController {
  constructor(private readonly passkeys: Passkeys) {}

  @Get()
  @Door({ action: 'session', summary: 'One\'s own passkeys, oldest first.', response: list })
  async list(@Who() { officer }: SignedIn) {
    return { items: (await this.passkeys.list(officer.id)).map(shown) };
  }

  @Post('options')
  @Door({
    action: 'session', body: proof, response: options, summary: 'Begin to register a passkey, with a fresh proof of who asks. The challenge is good once, for five minutes, in this session.',
    refusals: [...STEP_UP_REFUSALS, 'PASSKEY_UNAVAILABLE', 'PASSKEYS_TOO_MANY'],
  })
  begin(@Body() body: z.output<typeof proof>, @Who() who: SignedIn) {
    return this.passkeys.begin(who, body);
  }

  @Post()
  @Door({ action: 'session', status: 201, body: registration, response: passkeySchema, summary: 'Register what the browser made.', refusals: ['PASSKEY_REFUSED', 'PASSKEY_KNOWN', 'PASSKEY_UNAVAILABLE', 'OFFICER_INVALID'] })
  async register(@Body() { name, passkey }: z.output<typeof registration>, @Who() who: SignedIn) {
    return shown(await this.passkeys.register(who, name, passkey));
  }

  @Post(':id/remove')
  @Door({ action: 'session', status: 204, body: proof, summary: 'Remove a passkey, with a fresh proof of who asks. The password with its one-time code remains.', refusals: [...STEP_UP_REFUSALS, 'PASSKEY_MISSING'] })
  async remove(@Param('id') id: PasskeyId, @Body() body: z.output<typeof proof>, @Who() who: SignedIn): Promise<void> {
    await this.passkeys.remove(who, id, body);
  }
}

function shown({ id, name, createdAt, lastUsedAt }: Passkey): PasskeyShown {
  return { id, name, createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt?.toISOString() ?? null };
}
