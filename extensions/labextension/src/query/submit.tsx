import * as React from 'react';
import type { HistogramRequest, JobSpec } from '../records';
import { quantities } from './fields';
import type { QueryModel } from './model';

interface Props {
  model: QueryModel;
  submit: (spec: JobSpec) => Promise<void>;
  close: () => void;
}

const RANGES: [RegExp, number, number][] = [
  [/pair\.mass$/, 60, 120],
  [/\.n$/, 0, 20],
  [/charge$/, -3, 3],
  [/phi$/, -4, 4],
  [/^vertex/, -300, 300]
];

/** A first guess of the range of a quantity. */
export function guess(quantity: string): [number, number] {
  const known = RANGES.find(([pattern]) => pattern.test(quantity));
  return known ? [known[1], known[2]] : [0, 200];
}

/** What the histogram of the job is of. */
export function SubmitForm({ model, submit, close }: Props): JSX.Element {
  const offered = quantities(model.dataset?.schema ?? { scalars: [], collections: [] });
  const preferred = offered.find(item => item.name.endsWith('Muon.pair.mass')) ?? offered[0];
  const [name, setName] = React.useState('');
  const [priority, setPriority] = React.useState<'low' | 'normal' | 'high'>('normal');
  const [histogram, setHistogram] = React.useState<HistogramRequest>(() =>
    fresh(preferred?.name ?? '')
  );
  const [refused, setRefused] = React.useState<string | null>(null);
  const [busy, setBusy] = React.useState(false);
  const change = (part: Partial<HistogramRequest>) => setHistogram({ ...histogram, ...part });
  const send = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await submit(model.spec(name || histogram.quantity, histogram, priority));
      close();
    } catch (error) {
      setRefused((error as Error).message);
      setBusy(false);
    }
  };
  const numeric = (part: 'bins' | 'low' | 'high', label: string) => (
    <label>
      {label}
      <input
        className="alyx-Input"
        name={part}
        type="number"
        step={part === 'bins' ? 1 : 'any'}
        min={part === 'bins' ? 1 : undefined}
        required
        value={histogram[part]}
        onChange={event => change({ [part]: event.target.valueAsNumber })}
      />
    </label>
  );
  return (
    <form className="alyx-Submit" aria-label="Submit as a job" onSubmit={event => void send(event)}>
      <label>
        Histogram of
        <select
          className="alyx-Input"
          name="quantity"
          value={histogram.quantity}
          onChange={event => setHistogram(fresh(event.target.value))}
        >
          {offered.map(item => (
            <option key={item.name} value={item.name}>
              {item.unit ? `${item.name} (${item.unit})` : item.name}
            </option>
          ))}
        </select>
      </label>
      {numeric('bins', 'Bins')}
      {numeric('low', 'From')}
      {numeric('high', 'To')}
      <label>
        Name
        <input
          className="alyx-Input"
          name="name"
          placeholder={histogram.quantity}
          value={name}
          onChange={event => setName(event.target.value)}
        />
      </label>
      <label>
        Priority
        <select
          className="alyx-Input"
          name="priority"
          value={priority}
          onChange={event => setPriority(event.target.value as 'low' | 'normal' | 'high')}
        >
          <option>low</option>
          <option>normal</option>
          <option>high</option>
        </select>
      </label>
      <div className="alyx-Buttons">
        <button type="submit" className="alyx-Button alyx-mod-primary" disabled={busy}>
          {busy ? 'Submitting…' : 'Submit'}
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
      {refused && (
        <p className="alyx-Message alyx-mod-error" role="alert">
          {refused}
        </p>
      )}
    </form>
  );
}

function fresh(quantity: string): HistogramRequest {
  const [low, high] = guess(quantity);
  return { quantity, bins: 60, low, high };
}
