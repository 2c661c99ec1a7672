import { Button, CopyButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import type { Visual } from '../api/dash';
import { count, duration, moment } from '../ui/format';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import type { Board } from './board';
import { viewFor } from './scope';
import { titleOf } from './VisualCard';
import css from './dashboards.module.css';

/** The statement of a visual, and where and when it was answered. */
export function HowAsked(props: { board: Board; visual: Visual; onClose: () => void }) {
  const { board, visual } = props;
  const q = useQuery(board.question(visual, viewFor(board.definition, board.sheet, visual, board.view)));
  const a = q.data;
  const title = titleOf(visual);
  return (
    <Sheet label={`How ${title} was asked`} title={title} onClose={props.onClose}>
      {!a && <Waiting label="Loading the answer" />}
      {a && (
        <>
          <Part title="Answer">
            <dl className={list.facts}>
              <div>
                <dt>From</dt>
                <dd>{a.from === 'extract' ? 'an extract' : 'the lake, live'}</dd>
              </div>
              <div>
                <dt>As of</dt>
                <dd>{moment(a.as_of)}</dd>
              </div>
              <div>
                <dt>Rows</dt>
                <dd className="num">
                  {count(a.rows)}
                  {a.more && ', and more that are not drawn'}
                </dd>
              </div>
              <div>
                <dt>Took</dt>
                <dd className="num">
                  {duration(a.took)}
                  {a.cached && ', kept from before'}
                </dd>
              </div>
            </dl>
          </Part>
          {a.sql && (
            <Part
              title="Statement"
              action={
                board.mayAsk && a.from === 'live' ? (
                  <Link to="/query" search={{ sql: a.sql }}>
                    Open in Query
                  </Link>
                ) : undefined
              }
            >
              <pre className={css.sql} tabIndex={0} aria-label="Statement">
                {a.sql}
              </pre>
              <CopyButton value={a.sql}>
                {({ copied, copy }) => (
                  <Button variant="default" onClick={copy}>
                    {copied ? 'Copied' : 'Copy'}
                  </Button>
                )}
              </CopyButton>
            </Part>
          )}
        </>
      )}
    </Sheet>
  );
}
