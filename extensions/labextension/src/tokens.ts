/** What the panels offer to each other, and to other extensions. */

import { Token } from '@lumino/coreutils';
import type { Job, JobSpec } from './records';

/** Shows events in 3D. */
export interface IEventDisplay {
  /** Open the event with an id of the store, in the display that is there or in a new one. */
  open(id: number): Promise<void>;
}

export const IEventDisplay = new Token<IEventDisplay>(
  '@alyx/lab:IEventDisplay',
  'The event display: opens an event in 3D by its id.'
);

/** The panel of the user's jobs. */
export interface IJobs {
  /** Show the panel, with one job opened. */
  reveal(id?: number): void;
  /** Submit a job; it appears in the panel. */
  submit(spec: JobSpec): Promise<Job>;
}

export const IJobs = new Token<IJobs>('@alyx/lab:IJobs', 'The jobs of the user, and their panel.');

export const CommandIDs = {
  jobs: 'alyx:show-jobs',
  query: 'alyx:build-query',
  display: 'alyx:show-event'
} as const;

export const CATEGORY = 'ALYX';
