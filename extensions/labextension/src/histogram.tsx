import * as React from 'react';
import { number } from './format';
import type { Histogram } from './records';

const WIDTH = 280;
const HEIGHT = 120;
const LEFT = 34;
const BOTTOM = 26;
const TOP = 8;

/** The outline of the bins, in the coordinates of the picture. */
export function outline(values: number[], width: number, height: number): string {
  const top = Math.max(...values, 0) || 1;
  const step = width / (values.length || 1);
  const corners = values.map((value, bin) => {
    const y = (height * (1 - Math.max(value, 0) / top)).toFixed(1);
    return `${(bin * step).toFixed(1)},${y} ${((bin + 1) * step).toFixed(1)},${y}`;
  });
  return `0,${height} ${corners.join(' ')} ${width},${height}`;
}

/** A small histogram: a filled step line with its range and highest bin. */
export function HistogramView(props: { histogram: Histogram }): JSX.Element | null {
  const { axes, values } = props.histogram;
  const axis = axes[0];
  if (!axis) {
    return null;
  }
  const total = values.reduce((sum, value) => sum + value, 0);
  const inner = WIDTH - LEFT - 6;
  const deep = HEIGHT - BOTTOM - TOP;
  const points = outline(values, inner, deep);
  const label = `Histogram of ${axis.label}: ${number(total)} entries in ${axis.bins} bins`;
  return (
    <svg className="alyx-Histogram" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <g transform={`translate(${LEFT} ${TOP})`}>
        <polygon points={points} />
        <line x1={0} y1={deep} x2={inner} y2={deep} />
        <line x1={0} y1={0} x2={0} y2={deep} />
        <text x={-4} y={7} textAnchor="end">
          {number(Math.max(...values, 0))}
        </text>
        <text x={-4} y={deep} textAnchor="end">
          0
        </text>
        <text x={0} y={deep + 11}>
          {number(axis.low)}
        </text>
        <text x={inner} y={deep + 11} textAnchor="end">
          {number(axis.high)}
        </text>
        <text className="alyx-Histogram-label" x={inner / 2} y={deep + 22} textAnchor="middle">
          {axis.label}
        </text>
      </g>
    </svg>
  );
}
