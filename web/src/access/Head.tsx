import { ActionIcon, Tooltip } from '@mantine/core';
import { IconHelpCircle, IconTrash } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';

import { Confirm } from '../buckets/Confirm';

/** What the sheet of every entity offers: the question why, and its end. */
export function HeadActions(props: { what: string; name: string; as?: string; warning: ReactNode; onDelete?: () => Promise<void>; onDeleted: () => void }) {
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  return (
    <>
      {props.as && (
        <Tooltip label={`What may ${props.name} do?`}>
          <ActionIcon aria-label={`What may ${props.name} do?`} onClick={() => void navigate({ to: '/access', search: { view: 'why', as: props.as } })}>
            <IconHelpCircle size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      )}
      {props.onDelete && (
        <Tooltip label="Delete">
          <ActionIcon aria-label={`Delete ${props.what}`} onClick={() => setAsking(true)}>
            <IconTrash size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      )}
      {asking && (
        <Confirm
          title={`Delete ${props.what}`}
          action="Delete"
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await props.onDelete!();
            props.onDeleted();
          }}
        >
          {props.warning}
        </Confirm>
      )}
    </>
  );
}
