import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';

export interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  /** Called when it is left by Escape or from outside; a dialog without it stays until it is answered. */
  readonly onClose?: () => void;
  readonly children: ReactNode;
  /** For a question whose answer has consequences. */
  readonly role?: 'dialog' | 'alertdialog';
}

/** A dialog over the page: holds the focus while open and gives it back. */
export function Dialog({ title, isOpen, onClose, children, role = 'dialog' }: DialogProps) {
  return (
    <ModalOverlay className="backdrop" isOpen={isOpen} onOpenChange={(open) => { if (!open) onClose?.(); }} isDismissable={false} isKeyboardDismissDisabled={!onClose}>
      <Modal>
        <AriaDialog role={role} className="dialog">
          <Heading slot="title" level={2}>{title}</Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
