import { ActionIcon, Menu } from '@mantine/core';
import { IconAlertTriangle, IconArrowDownRight, IconChevronRight, IconDots, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo, type ReactNode, type RefObject, useRef, useState } from 'react';

import { problemOf } from '../api/client';
import type { Mark, Visual } from '../api/dash';
import { TableTwin, VisualView } from '../charts';
import { ProblemView } from '../ui/Problem';
import { useLatest } from '../ui/useLatest';
import { Waiting } from '../ui/Waiting';
import { type Board, fieldsOf, into, setOf, up } from './board';
import { drilled, steps } from './drill';
import { exportAs } from './export';
import { visualTitle } from './fields';
import { viewFor } from './scope';
import { useAnswer } from './useAnswer';
import { useSeen } from './useSeen';
import { toggled, toggledPlace } from './view';
import { missing } from './wellFields';
import css from './dashboards.module.css';

export const titleOf = visualTitle;

const valueName = (m: Mark) => (m.value === null ? 'nothing' : m.value === '' ? 'empty' : m.value);

/** A visual on its sheet: its picture or table, what filters and drills it, and what can be done with it. */
export function VisualCard(props: {
  board: Board;
  visual: Visual;
  selected?: boolean;
  /** Beside the title: handles of whoever edits. */
  handles?: ReactNode;
  /** More lines of the menu. */
  menu?: ReactNode;
  onSelect?: () => void;
}) {
  const { board, visual } = props;
  const [problem, setProblem] = useState<unknown>(null);
  const box = useRef<HTMLElement>(null);
  const seen = useSeen(box);
  const set = setOf(board, visual);
  const view = viewFor(board.definition, board.sheet, visual, board.view);
  const drills = board.view.drills?.[visual.id] ?? [];
  const shape = drilled(visual, drills, set);
  const { ready, error, retry, picture, old } = useAnswer(board, visual, view, seen);
  const marks = board.view.marks ?? [];
  const own = marks.filter((m) => m.visual === visual.id);
  const below = own.length === 1 ? steps(shape, set).find((s) => s.field === own[0]!.field) : undefined;
  const title = titleOf(shape);
  const asTable = board.tables.has(visual.id);
  const text = visual.kind === 'text';
  const drawn = picture && { ...picture, visual: drilled(picture.visual, drills, set) };
  const pictured = !['text', 'table', 'pivot'].includes(visual.kind);
  // Asked of what there is no more, as a column that was taken away.
  const broken = error !== null && ['invalid', 'not found'].includes(problemOf(error).kind);
  const lacking = missing(visual).map((w) => w.title);

  const save = async (format: 'png' | 'svg' | 'csv') => {
    if (!drawn) return;
    try {
      const fields = fieldsOf(board, visual.data_set);
      await exportAs(format, { visual: drawn.visual, fields, answer: drawn.answer, colors: board.colors }, title, board.csv && (() => board.csv!(visual, view)));
      setProblem(null);
    } catch (e) {
      setProblem(e);
    }
  };

  const act = useLatest({ save, table: () => board.onTable(visual.id), sql: () => board.onSQL(visual.id) });

  return (
    <article
      ref={box}
      className={css.card}
      tabIndex={-1}
      aria-label={title}
      data-visual={visual.id}
      data-selected={props.selected || undefined}
      data-text={text || undefined}
      aria-busy={(ready && old && !error) || undefined}
      onPointerDownCapture={props.onSelect}
      onFocusCapture={props.onSelect}
    >
      <header className={css.cardHead}>
        {props.handles}
        {!text && <h2 className="clip">{title}</h2>}
        {text && props.handles && <h2 className="clip muted">Text</h2>}
        {text && !props.handles && <span className="visually-hidden">Text</span>}
        {(!text || props.menu) && <CardMenu title={title} text={text} asTable={asTable} pictured={pictured} drawn={drawn !== undefined} more={props.menu} act={act} />}
      </header>
      {(drills.length > 0 || own.length > 0) && (
        <div className={css.trail}>
          {drills.length > 0 && (
            <nav aria-label={`Where ${title} is`}>
              <button type="button" className={`bare ${css.crumb}`} onClick={() => board.onView(up(board.view, visual.id, 0), true)}>
                All
              </button>
              {drills.map((d, i) => (
                <span key={`${d.field} ${d.value}`}>
                  <IconChevronRight size={12} aria-hidden />
                  <button type="button" className={`bare ${css.crumb}`} aria-current={i === drills.length - 1 || undefined} onClick={() => board.onView(up(board.view, visual.id, i + 1), true)}>
                    {valueName(d)}
                  </button>
                </span>
              ))}
            </nav>
          )}
          {own.map((m) => (
            <span key={`${m.field} ${m.value}`} className={css.markChip}>
              <span className="clip">{valueName(m)}</span>
              <button type="button" className="bare" aria-label={`Stop filtering by ${valueName(m)}`} onClick={() => board.onView({ ...board.view, marks: toggled(marks, m) }, true)}>
                <IconX size={12} aria-hidden />
              </button>
            </span>
          ))}
          {below && (
            <button type="button" className={`bare ${css.crumb}`} onClick={() => board.onView(into(board.view, own[0]!), true)}>
              <IconArrowDownRight size={13} aria-hidden /> Down to {below.next}
            </button>
          )}
        </div>
      )}
      {problem !== null && <ProblemView error={problem} compact />}
      <div className={css.picture}>
        {error ? (
          <>
            <ProblemView error={error} retry={retry} compact />
            {broken && (
              <p className={`muted ${css.mend}`}>
                {board.mayAsk && visual.data_set ? (
                  <Link to="/data-sets/$dataSet" params={{ dataSet: visual.data_set }}>
                    Open the data set
                  </Link>
                ) : (
                  'Whoever shared this can mend it.'
                )}
              </p>
            )}
          </>
        ) : text ? (
          visual.text ? <VisualView visual={visual} fields={[]} colors={board.colors} /> : <p className={`muted ${css.lacking}`}>Write the text beside it.</p>
        ) : drawn ? (
          asTable ? (
            <TableTwin visual={drawn.visual} fields={fieldsOf(board, visual.data_set)} answer={drawn.answer} />
          ) : (
            <VisualView
              visual={drawn.visual}
              fields={fieldsOf(board, visual.data_set)}
              answer={drawn.answer}
              dimmed={old}
              colors={board.colors}
              marks={marks}
              onMark={(m, and) => {
                const of = (x: Mark) => ({ ...x, visual: visual.id });
                board.onView({ ...board.view, marks: and ? toggledPlace(marks, [of(m), of(and)]) : toggled(marks, of(m)) }, true);
              }}
            />
          )
        ) : ready ? (
          <Waiting label={`Loading ${title}`} />
        ) : (
          <p className={`muted ${css.lacking}`}>
            {lacking.length === 0 ? 'Click fields, or drag them to the wells.' : `${lacking.join(' and ')} ${lacking.length === 1 ? 'needs' : 'need'} a field. Click fields, or drag them to the wells.`}
          </p>
        )}
      </div>
      {drawn && !error && (drawn.answer.warnings?.length || drawn.answer.more) && (
        <footer className={css.cardFoot}>
          {drawn.answer.warnings?.map((w) => (
            <p key={w}>
              <IconAlertTriangle size={13} aria-label="Warning:" /> {w}
            </p>
          ))}
          {drawn.answer.more && <p>There is more than the {drawn.answer.rows.toLocaleString('en')} rows that are drawn.</p>}
        </footer>
      )}
    </article>
  );
}

interface CardActs {
  save: (format: 'png' | 'svg' | 'csv') => Promise<void>;
  table: () => void;
  sql: () => void;
}

/** What can be done with a visual. It takes longer to make than the rest of a card, and is made when it says something else. */
const CardMenu = memo(function CardMenu(props: { title: string; text: boolean; asTable: boolean; pictured: boolean; drawn: boolean; more: ReactNode; act: RefObject<CardActs> }) {
  const { text, drawn, act } = props;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon size={22} aria-label={`More about ${props.title}`} className={css.cardMenu}>
          <IconDots size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {!text && (
          <>
            <Menu.Item onClick={() => act.current.table()}>{props.asTable ? 'As picture' : 'As table'}</Menu.Item>
            <Menu.Item disabled={!drawn} onClick={() => act.current.sql()}>
              How it was asked
            </Menu.Item>
            <Menu.Divider />
            {props.pictured && (
              <>
                <Menu.Item disabled={!drawn} onClick={() => void act.current.save('png')}>
                  Save as PNG
                </Menu.Item>
                <Menu.Item disabled={!drawn} onClick={() => void act.current.save('svg')}>
                  Save as SVG
                </Menu.Item>
              </>
            )}
            <Menu.Item disabled={!drawn} onClick={() => void act.current.save('csv')}>
              Save as CSV
            </Menu.Item>
          </>
        )}
        {!text && props.more && <Menu.Divider />}
        {props.more}
      </Menu.Dropdown>
    </Menu>
  );
});
