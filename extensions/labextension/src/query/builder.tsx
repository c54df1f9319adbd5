import * as DndKit from '@dnd-kit/core';
import { QueryBuilderDnD } from '@react-querybuilder/dnd';
import { createDndKitAdapter } from '@react-querybuilder/dnd/dnd-kit';
import * as React from 'react';
import type { FullField, OptionGroup, RuleProps } from 'react-querybuilder';
import { createPortal } from 'react-dom';
import { generateID, QueryBuilder, Rule } from 'react-querybuilder';
import type { Problem } from '../records';
import type { FieldGroup, QueryField } from './fields';
import { operators } from './fields';
import type { QueryModel } from './model';
import { Palette } from './palette';
import { messagesAt, problemsWithin } from './where';

function DndContext(props: React.ComponentProps<typeof DndKit.DndContext>): JSX.Element {
  return <DndKit.DndContext {...props} collisionDetection={deepest} />;
}

interface Dragged {
  /** The field of the palette, where it is one that is dragged. */
  palette?: string;
  qbId?: string;
  schema?: { qbId: string };
}

/**
 * The rule under the pointer takes the drop, not the nearest one; and only a rule of the same
 * builder: those of a quantifier have fields, and paths, of their own.
 */
const deepest: DndKit.CollisionDetection = args => {
  const dragged = args.active.data.current as Dragged | undefined;
  const builder = dragged?.schema?.qbId ?? dragged?.qbId;
  const own = args.droppableContainers.filter(container => {
    const data = container.data.current as Dragged | undefined;
    return data?.schema ? data.schema.qbId === builder : dragged?.palette !== undefined;
  });
  const under = DndKit.pointerWithin({ ...args, droppableContainers: own });
  const of = (kind: string) => under.find(hit => String(hit.id).startsWith(kind));
  const best = of('drop-rule-') ?? of('drop-ruleGroup-') ?? under[0];
  return best ? [best] : [];
};

const adapter = createDndKitAdapter({
  ...DndKit,
  DndContext: DndContext as typeof DndKit.DndContext
});

/** The place under a field that is dragged from the palette: a path, or null. */
const Hovered = React.createContext<string | null>(null);
/** Whether a rule is of a quantifier's own query. */
const Nested = React.createContext(false);
/** What is wrong with the query of the builder around, a nested one's being its own. */
const Problems = React.createContext<Problem[]>([]);

/** A rule, with what is wrong with it below. */
function RuleWithProblems(props: RuleProps): JSX.Element {
  const path = props.path.join('.');
  const nested = React.useContext(Nested);
  const problems = React.useContext(Problems);
  const messages = messagesAt(problems, path);
  const within = React.useMemo(() => problemsWithin(problems, path), [problems, path]);
  const over = React.useContext(Hovered) === path && !nested;
  const wrong = messages.length > 0;
  return (
    <div className={`alyx-Rule${wrong ? ' alyx-mod-wrong' : ''}${over ? ' alyx-mod-over' : ''}`}>
      <Problems.Provider value={within}>
        <Nested.Provider value={true}>
          <Rule {...props} />
        </Nested.Provider>
      </Problems.Provider>
      {messages.map(message => (
        <p key={message} className="alyx-Rule-problem" role="alert">
          {message}
        </p>
      ))}
    </div>
  );
}

interface Target {
  type: 'rule' | 'ruleGroup';
  path: number[];
}

/** The whole area of the rules takes a field, which then goes to the end. */
function Drops(props: { model: QueryModel; children: React.ReactNode }): JSX.Element {
  const { dragged, hovered } = usePaletteDrops(props.model);
  const { setNodeRef } = DndKit.useDroppable({ id: 'drop-all', data: ALL });
  const over = dragged !== null && hovered === '';
  const overlay = (
    <DndKit.DragOverlay dropAnimation={null}>
      {dragged && <div className="alyx-Field alyx-mod-overlay">{dragged}</div>}
    </DndKit.DragOverlay>
  );
  return (
    <Hovered.Provider value={hovered}>
      <div
        ref={setNodeRef}
        className={`alyx-Rules${over ? ' alyx-mod-over' : ''}`}
        aria-label="Rules of the query"
      >
        {props.children}
      </div>
      {/* in the body: panels contain what is fixed, and would move it */}
      {createPortal(overlay, document.body)}
    </Hovered.Provider>
  );
}

const ALL: Target = { type: 'ruleGroup', path: [] };

/** Follow fields that are dragged from the palette, and add a rule where one is dropped. */
function usePaletteDrops(model: QueryModel) {
  const [dragged, setDragged] = React.useState<string | null>(null);
  const [hovered, setHovered] = React.useState<string | null>(null);
  const end = () => {
    setDragged(null);
    setHovered(null);
  };
  DndKit.useDndMonitor({
    onDragStart: event => setDragged(paletteField(event)),
    onDragOver: event => setHovered(paletteField(event) && (place(event)?.path.join('.') ?? null)),
    onDragCancel: end,
    onDragEnd: event => {
      end();
      const name = paletteField(event);
      const target = place(event);
      if (name && target) {
        model.add(name, target.path, target.type === 'rule' ? 'rule' : 'group');
      }
    }
  });
  return { dragged, hovered };
}

function paletteField(event: DndKit.DragStartEvent): string | null {
  return (event.active.data.current?.['palette'] as string | undefined) ?? null;
}

function place(event: DndKit.DragOverEvent): Target | undefined {
  return event.over?.data.current as Target | undefined;
}

function options(all: FieldGroup[]): OptionGroup<FullField>[] {
  return all.map(group => ({ label: group.label, options: group.fields }));
}

const CONTROLS = { rule: RuleWithProblems };
const LABELS = {
  addRule: { label: '+ Rule', title: 'Add a rule' },
  addGroup: { label: '+ Group', title: 'Add a group of rules' },
  removeRule: { label: '✕', title: 'Remove this rule' },
  removeGroup: { label: '✕', title: 'Remove this group' },
  dragHandle: { label: '⠿', title: 'Drag to move' }
};
const MODES = [
  { name: 'atLeast', value: 'atLeast', label: 'at least' },
  { name: 'atMost', value: 'atMost', label: 'at most' },
  { name: 'exactly', value: 'exactly', label: 'exactly' },
  { name: 'all', value: 'all', label: 'all' },
  { name: 'some', value: 'some', label: 'some' },
  { name: 'none', value: 'none', label: 'none' }
] as const;

/** The palette and the rules, in one drag-and-drop context. */
export function Builder({ model }: { model: QueryModel }): JSX.Element {
  const [qbId] = React.useState(generateID);
  const fields = React.useMemo(() => options(model.groups), [model.groups]);
  return (
    <QueryBuilderDnD dnd={adapter} controlElements={CONTROLS}>
      <Palette groups={model.groups} qbId={qbId} add={name => model.add(name)} />
      <Problems.Provider value={model.preview?.problems ?? []}>
        <Drops model={model}>
          <QueryBuilder
            qbId={qbId}
            fields={fields}
            query={model.query}
            onQueryChange={query => model.setQuery(query)}
            getOperators={(_, { fieldData }) => operators((fieldData as QueryField).kind)}
            getMatchModes={(_, { fieldData }) =>
              (fieldData as QueryField).kind === 'collection' ? [...MODES] : false
            }
            getSubQueryBuilderProps={(_, { fieldData }) => ({
              fields: (fieldData as QueryField).objects ?? [],
              enableMountQueryChange: false,
              getOperators: (__: string, sub: { fieldData: FullField }) =>
                operators((sub.fieldData as QueryField).kind)
            })}
            translations={LABELS}
            controlClassnames={{ queryBuilder: 'queryBuilder-branches' }}
            enableMountQueryChange={false}
            listsAsArrays
            resetOnFieldChange
            showNotToggle
            addRuleToNewGroups
          />
          {!model.query.rules.length && (
            <p className="alyx-Rules-hint">
              Every event passes. Drag a field from the left to here, or press Enter on it.
            </p>
          )}
        </Drops>
      </Problems.Provider>
    </QueryBuilderDnD>
  );
}
