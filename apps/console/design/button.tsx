import { Button as AriaButton, Link as AriaLink, type ButtonProps, type LinkProps } from 'react-aria-components';

export type ButtonKind = 'plain' | 'primary' | 'danger' | 'quiet';
interface Looks {
  readonly kind?: ButtonKind;
  /** For the one thing to do in an emergency. */
  readonly big?: boolean;
}

const classOf = ({ kind = 'plain', big = false }: Looks): string => ['button', kind, ...(big ? ['big'] : [])].join(' ');

/** A button. While `isPending` it keeps its focus and does nothing, so that a decision is sent once. */
export function Button({ kind, big, ...rest }: Omit<ButtonProps, 'className' | 'style'> & Looks) {
  return <AriaButton {...rest} className={classOf({ ...(kind && { kind }), ...(big && { big }) })} />;
}

/** A link that looks like a button: it goes somewhere and changes nothing. */
export function LinkButton({ kind, big, ...rest }: Omit<LinkProps, 'className' | 'style'> & Looks) {
  return <AriaLink {...rest} className={classOf({ ...(kind && { kind }), ...(big && { big }) })} />;
}
