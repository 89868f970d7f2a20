import { useState } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import { Badge } from '../design/notice.js';
import { useFormat, useSay } from '../language.js';
import { GroupView } from './group.js';
import type { Group, Previews, Source } from './source.js';
import { channelName } from '../facts/words.js';
import { ORDER, texts } from './texts.js';

/** What will leave the house, channel by channel. Pictures and sounds are made for the channel that is looked at. */
export function PreviewTabs({ previews, source }: { readonly previews: Previews; readonly source: Source }) {
  const t = useSay();
  const { dateTime } = useFormat();
  const channels = byChannel(previews.channels);
  const [chosen, setChosen] = useState<string>();
  const { sent, expires, frozen } = previews.times;
  const words = frozen ? texts.timesFrozen : texts.timesSoon;
  if (channels.length === 0) return <p>{t(texts.noChannels)}</p>;
  return (
    <>
      <p className="muted">{t(words(dateTime(sent), dateTime(expires)))}</p>
      <Tabs selectedKey={channels.some(([channel]) => channel === chosen) ? chosen! : channels[0]![0]} onSelectionChange={(key) => { setChosen(String(key)); }}>
        <TabList className="tabs" aria-label={t(texts.channels)}>
          {channels.map(([channel, groups]) => (
            <Tab key={channel} id={channel} className="tab">{t(channelName(channel))}{groups.some(hasFault) && <> <Badge tone="bad"><span aria-hidden="true">!</span><span className="visually-hidden">{t(texts.faulty)}</span></Badge></>}</Tab>
          ))}
        </TabList>
        {channels.map(([channel, groups]) => (
          <TabPanel key={channel} id={channel} className="tab-panel stack"><h3 className="visually-hidden">{t(channelName(channel))}</h3>{groups.map((group, index) => <GroupView key={index} group={group} source={source} />)}</TabPanel>
        ))}
      </Tabs>
    </>
  );
}

const hasFault = ({ previews }: Group): boolean => previews.some(({ faults }) => faults.length > 0);

function byChannel(groups: readonly Group[]): readonly (readonly [channel: string, groups: readonly Group[]])[] {
  const rank = (channel: string): number => (ORDER.includes(channel) ? ORDER.indexOf(channel) : ORDER.length);
  const channels = new Map<string, Group[]>();
  for (const group of groups) channels.set(group.channel, [...(channels.get(group.channel) ?? []), group]);
  return [...channels].toSorted(([a], [b]) => rank(a) - rank(b));
}
