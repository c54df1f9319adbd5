import { LabIcon } from '@jupyterlab/ui-components';

const svg = (body: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">${body}</svg>`;

// no attribute `fill`: the theme would colour it
const stroke = 'class="jp-icon3" style="fill:none" stroke="#616161" stroke-width="2"';

/** A histogram with a peak. */
export const jobsIcon = new LabIcon({
  name: 'alyx:jobs',
  svgstr: svg(
    `<path class="jp-icon3" fill="#616161"
      d="M3 19h18v2H3zM4 14h3v4H4zm4-4h3v8H8zm4-6h3v14h-3zm4 8h3v6h-3z"/>`
  )
});

/** A funnel: many events in, few out. */
export const queryIcon = new LabIcon({
  name: 'alyx:query',
  svgstr: svg(`<path ${stroke} stroke-linejoin="round" d="M3 4h18l-7 9v6l-4 2v-8z"/>`)
});

/** A vertex with tracks in a barrel. */
export const displayIcon = new LabIcon({
  name: 'alyx:display',
  svgstr: svg(
    `<g ${stroke}><circle cx="12" cy="12" r="9"/>
     <path stroke-linecap="round" d="M12 12Q15 9 15.500 4M12 12Q8 13 4 9M12 12Q14 16 18.500 17.500M12 12Q10 15 10 20"/></g>
     <circle class="jp-icon3" fill="#616161" cx="12" cy="12" r="2"/>`
  )
});
