import { Button, Modal } from '@mantine/core';

import list from '../ui/list.module.css';

/** Asks before work that is not saved is left behind. */
export function Leaving(props: { onStay: () => void; onLeave: () => void }) {
  return (
    <Modal opened onClose={props.onStay} title="Leave without saving?" size="sm" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={list.form}>
        <p>What you changed in this analysis is not saved.</p>
        <div className={list.choices}>
          <Button variant="default" size="sm" onClick={props.onLeave}>
            Leave
          </Button>
          <Button size="sm" onClick={props.onStay} data-autofocus>
            Stay
          </Button>
        </div>
      </div>
    </Modal>
  );
}
