import { useSyncExternalStore } from 'react';

/** Whether new revisions are heard. In memory alone: who comes next starts with sound. */
let on = true;
const listeners = new Set<() => void>();
let context: AudioContext | undefined;

export function useSound(): readonly [on: boolean, set: (on: boolean) => void] {
  return [useSyncExternalStore(subscribe, () => on), set];
}

function set(next: boolean): void {
  on = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Two soft notes, if sound is on and the browser lets a page be heard. */
export function chime(): void {
  if (!on) return;
  context ??= new AudioContext();
  const { currentTime, destination } = context;
  for (const [index, hertz] of [523.25, 698.46].entries()) {
    const [note, volume] = [context.createOscillator(), context.createGain()];
    const start = currentTime + index * 0.22;
    note.frequency.value = hertz;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.15, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.4);
    note.connect(volume).connect(destination);
    note.start(start);
    note.stop(start + 0.45);
  }
}
