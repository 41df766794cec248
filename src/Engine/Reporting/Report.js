'use strict';
(() => {
    const data = JSON.parse(document.getElementById('data').textContent);
    const { start, width, count } = data.timeline;
    const spanOfBins = count * width;
    const whole = new Intl.NumberFormat('en-US');
    const sum = numbers => numbers.reduce((a, b) => a + b, 0);

    // ---- Words and numbers

    const number = value => value >= 100 || Number.isInteger(value) ? whole.format(Math.round(value)) : String(Number(value.toPrecision(3)));
    const events = value => `${number(value)} ${value === 1 ? 'event' : 'events'}`;
    const rate = value => `${number(value)}/s`;
    const percent = (part, all) => all === 0 ? '' : `${(100 * part / all).toFixed(1)} %`;
    const duration = ms => {
        const units = [['d', 86400000], ['h', 3600000], ['min', 60000], ['s', 1000]];
        const at = units.findIndex(([, size]) => ms >= size);
        if (at < 0) return `${number(ms)} ms`;
        if (at === 3) return `${number(ms / 1000)} s`;
        const [[large, size], [small, rest]] = units.slice(at);
        return `${Math.floor(ms / size)} ${large} ${Math.floor(ms % size / rest)} ${small}`;
    };
    const two = value => String(value).padStart(2, '0');

    // A time as it was on the watching host's clock, as exact as the step between times requires.
    const clock = (ms, step) => {
        const digits = step >= 1000 ? 0 : Math.min(6, Math.ceil(-Math.log10(step / 1000) - 1e-9));
        const unit = 1000 / 10 ** digits;
        const local = Math.round(ms / unit) * unit + data.utcOffset * 60000;
        const date = new Date(Math.floor(local));
        const fraction = digits ? (date.getUTCSeconds() + (local - Math.floor(local / 1000) * 1000) / 1000 % 1).toFixed(digits).padStart(3 + digits, '0') : two(date.getUTCSeconds());
        const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${step >= 60000 ? '' : `:${fraction}`}`;
        return spanOfBins < 86400000 ? time : `${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}${step >= 86400000 ? '' : ` ${time}`}`;
    };
    const day = ms => new Date(ms + data.utcOffset * 60000).toISOString().slice(0, 10);
    const zone = () => {
        const minutes = Math.abs(data.utcOffset);
        return minutes === 0 ? 'UTC' : `UTC${data.utcOffset < 0 ? '−' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
    };
    const timeOfBin = bin => clock(Math.max(start + bin * width, data.start), width);
    const pagesOf = row => row.domain === null ? 'all pages' : row.first === row.last ? row.first : `${row.first}–${row.last}`;
    const lossInWords = loss => `${number(loss.events)} of ${loss.domain}, ${clock(loss.from, width)} to ${clock(loss.to, width)}: ${loss.reason}`;
    const domainOf = thing => thing.domain === null ? 'other domains' : thing.domain;

    // ---- Elements. Text is always inserted as text, so a name from a guest is never markup.

    const fill = (element, attributes, children) => {
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
        element.append(...children);
        return element;
    };
    const html = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
    const svg = (name, attributes = {}, ...children) => fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
    const all = selector => [...document.querySelectorAll(selector)];
    const at = selector => document.querySelector(selector);

    // A column is a heading, a function for a row's cell, and a class.
    const table = (place, columns, rows) => {
        const head = html('tr', {}, ...columns.map(([heading, , style]) => html('th', { class: style ?? '', scope: 'col' }, heading)));
        const body = rows.map(row => html('tr', {}, ...columns.map(([, value, style]) => html('td', { class: style ?? '' }, value(row)))));
        place.replaceChildren(html('table', {}, html('thead', {}, head), html('tbody', {}, ...body)));
    };
    const bar = (part, most) => {
        const element = html('div', { class: 'bar' });
        element.style.width = `${100 * part / most}%`;
        return element;
    };
    const nothing = (place, text) => place.replaceChildren(html('p', {}, text));

    // ---- What is drawn

    const kinds = data.kinds.map(kind => ({ ...kind, bins: new Array(count).fill(0) })).sort((a, b) => b.events - a.events);
    kinds.forEach((kind, i) => { kind.style = i < 7 ? `k${i}` : 'kx'; });
    const kindOf = new Map(kinds.map(kind => [kind.name, kind]));
    const addUp = row => {
        row.total = 0;
        row.bins = new Array(count).fill(0);
        for (const bins of Object.values(row.kinds)) {
            bins.forEach((events, i) => {
                row.bins[i] += events;
                row.total += events;
            });
        }
    };
    data.lanes.forEach(addUp);
    data.hosts.forEach(addUp);
    for (const lane of data.lanes) {
        for (const [name, bins] of Object.entries(lane.kinds)) bins.forEach((events, i) => { kindOf.get(name).bins[i] += events; });
    }
    const totalBins = Array.from({ length: count }, (_, i) => sum(kinds.map(kind => kind.bins[i])));
    const peak = bins => Math.max(0, ...bins) * 1000 / width;
    const nameOfHost = host => host.name === null ? 'other hosts' : host.name;
    const nameOfLane = lane => lane.domain === null ? 'other vCPUs' : `${lane.domain} vCPU ${lane.vcpu}`;

    // ---- Charts. They are one below the other, with the same time axis.

    const right = 6;
    const axisHeight = 24;
    const headingHeight = 20;
    let chartWidth;
    let left;
    const xOf = bin => left + Math.round(bin * (chartWidth - left - right) / count);

    const timeTicks = () => {
        const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 108e5, 216e5, 432e5];
        const most = Math.max(2, Math.floor((chartWidth - left - right) / 110));
        let step = steps.find(size => spanOfBins / size <= most) ?? 86400000;
        while (spanOfBins / step > most) step *= 2;
        const shift = data.utcOffset * 60000;
        const ticks = [];
        for (let time = Math.ceil((start + shift) / step) * step - shift; time <= start + spanOfBins; time += step) ticks.push(time);
        return ticks.map(time => ({ x: left + (time - start) / spanOfBins * (chartWidth - left - right), text: clock(time, step) }));
    };

    const chart = (place, top, height, label, children, onPoint) => {
        const ticks = timeTicks();
        const drawing = svg('svg', { viewBox: `0 0 ${chartWidth} ${height + axisHeight}`, role: 'img', 'aria-label': label },
            ...ticks.map(tick => svg('line', { class: 'rule', x1: tick.x, x2: tick.x, y1: top, y2: height + 4 })),
            ...children,
            ...ticks.filter(tick => tick.x < chartWidth - 30).map(tick => svg('text', { x: tick.x, y: height + 18, 'text-anchor': 'middle' }, tick.text)),
            svg('line', { class: 'cursor', y1: top, y2: height }));
        drawing.addEventListener('pointermove', move => {
            const box = drawing.getBoundingClientRect();
            const scale = chartWidth / box.width;
            const bin = Math.floor(((move.clientX - box.left) * scale - left) / (chartWidth - left - right) * count);
            const lines = bin >= 0 && bin < count ? onPoint(bin, (move.clientY - box.top) * scale) : null;
            pointAt(lines ? bin : null, lines, move);
        });
        drawing.addEventListener('pointerleave', () => pointAt(null, null));
        place.replaceChildren(drawing);
    };

    // Marks the same time in all charts, and shows this chart's values there.
    const tip = document.getElementById('tip');
    const pointAt = (bin, lines, move) => {
        for (const cursor of all('.cursor')) {
            cursor.style.visibility = bin === null ? 'hidden' : 'visible';
            if (bin !== null) for (const end of ['x1', 'x2']) cursor.setAttribute(end, xOf(bin + .5));
        }
        tip.hidden = lines === null;
        if (lines === null) return;
        tip.replaceChildren(...[`${timeOfBin(bin)}, ${duration(width)}`, ...lines].map(line => html('div', {}, line)));
        tip.style.left = `${Math.max(4, Math.min(move.clientX + 14, innerWidth - tip.offsetWidth - 8))}px`;
        tip.style.top = `${move.clientY + tip.offsetHeight + 22 > innerHeight ? move.clientY - tip.offsetHeight - 12 : move.clientY + 16}px`;
    };
    const linesOf = counts => counts.filter(([, events]) => events > 0).map(([name, events]) => `${name}: ${number(events)}`);

    // Stacked columns without gaps, the first series at the bottom. A column is as high as its total or its square
    // root. Its parts divide the height as they divide the total.
    const stack = (series, top, height, most, totals, isRoot = false) => {
        const base = new Array(count).fill(0);
        const y = (value, bin) => (top + height - height * (isRoot ? value / Math.sqrt(totals[bin] * most) : value / most)).toFixed(1);
        return series.map(({ bins, style }) => {
            let path = '';
            for (let i = 0; i < count; i++) {
                let end = i + 1;
                while (end < count && bins[end] === bins[i] && base[end] === base[i] && totals[end] === totals[i]) end++;
                if (bins[i] > 0) path += `M${xOf(i)} ${y(base[i], i)}V${y(base[i] + bins[i], i)}H${xOf(end)}V${y(base[i], i)}Z`;
                i = end - 1;
            }
            for (let i = 0; i < count; i++) base[i] += bins[i];
            return svg('path', { class: style, d: path });
        });
    };

    const drawKinds = () => {
        const height = 210;
        const most = peak(totalBins);
        const rough = most / 5;
        const power = 10 ** Math.floor(Math.log10(rough));
        const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(size => size >= rough);
        const highest = Math.ceil(most / step) * step;
        const lines = [];
        for (let value = 0; value <= highest + step / 2; value += step) {
            const y = height - value / highest * (height - 8);
            lines.push(svg('line', { class: 'rule', x1: left, x2: chartWidth - right, y1: y, y2: y }));
            lines.push(svg('text', { x: left - 8, y: y + 4, 'text-anchor': 'end' }, number(value)));
        }
        const label = `Events per second by kind; at most ${rate(most)}. The table below says the same.`;
        chart(at('#kinds figure'), 0, height, label, [...lines, ...stack(kinds, 8, height - 8, highest * width / 1000, totalBins)],
            bin => [rate(totalBins[bin] * 1000 / width), ...linesOf(kinds.map(kind => [kind.name, kind.bins[bin]]))]);
    };

    // The rows of a chart, with each domain's name above its rows.
    const rowsByDomain = (things, rowHeight) => {
        let y = 0;
        return things.map((thing, i) => {
            const isFirst = i === 0 || things[i - 1].domain !== thing.domain;
            if (isFirst) y += i === 0 ? headingHeight : headingHeight + 8;
            const row = { thing, isFirst, top: y };
            y += rowHeight;
            return row;
        });
    };
    const shorten = (name, most = 60) => name.length > most ? `${name.slice(0, most - 1)}…` : name;
    const heading = row => row.isFirst ? [svg('text', { class: 'name', x: 0, y: row.top - 7 }, shorten(domainOf(row.thing)))] : [];

    // A row for each thing, in which its kinds are stacked.
    const heightOfRows = things => things.length > 48 ? 16 : things.length > 16 ? 24 : 36;
    const drawStacks = (place, style, rows, rowHeight, label, nameOf, says) => {
        const most = Math.max(1, ...rows.map(row => Math.max(...row.thing.bins)));
        const drawn = rows.map(row => svg('g', { class: style },
            ...heading(row),
            svg('rect', { class: 'empty', x: left, y: row.top, width: chartWidth - left - right, height: rowHeight - 3 }),
            svg('text', { x: left - 8, y: row.top + rowHeight / 2 + 3, 'text-anchor': 'end' }, label(row.thing)),
            ...stack(kinds.filter(kind => row.thing.kinds[kind.name]).map(kind => ({ style: kind.style, bins: row.thing.kinds[kind.name] })), row.top, rowHeight - 3, most, row.thing.bins, true)));
        chart(place, rows[0].top, rows.at(-1).top + rowHeight, says, drawn, (bin, y) => {
            const row = rows.find(({ top }) => y >= top && y < top + rowHeight);
            return row ? [nameOf(row.thing), ...linesOf(kinds.map(kind => [kind.name, row.thing.kinds[kind.name]?.[bin] ?? 0]))] : null;
        });
        place.append(html('p', { class: 'legend' }, `A lane's full height is ${rate(most * 1000 / width)}. Half the height is a quarter of that rate, so that quiet times show too. The colours are those of the kinds above.`));
    };
    const drawLanes = () => {
        const rowHeight = heightOfRows(data.lanes);
        drawStacks(at('#vcpus figure'), 'lane', rowsByDomain(data.lanes, rowHeight), rowHeight,
            lane => lane.domain === null ? 'others' : `vCPU ${lane.vcpu}`, nameOfLane, 'Events of each vCPU over time. The table below says the same.');
    };
    const drawHosts = () => {
        const rowHeight = heightOfRows(data.hosts);
        drawStacks(at('#hosts figure'), 'host', data.hosts.map((thing, i) => ({ thing, isFirst: false, top: i * rowHeight })), rowHeight,
            host => shorten(nameOfHost(host), left < 100 ? 11 : 20), nameOfHost, 'Events of each host over time. The table below says the same.');
    };

    // As many steps of lightness as can be told apart. Each step is the same factor above the one before.
    const levels = most => {
        const found = [];
        let low = 1;
        for (let i = 1; i <= 7; i++) {
            const high = i === 7 ? most : Math.floor(most ** (i / 7) + 1e-9);
            if (high >= low) found.push({ low, high, style: `h${i}` });
            low = Math.max(low, high + 1);
        }
        return found;
    };

    const drawPages = () => {
        const rowHeight = data.pages.length > 14 ? 16 : 24;
        const rows = rowsByDomain(data.pages, rowHeight);
        const steps = levels(Math.max(...data.pages.map(row => Math.max(...row.bins))));
        const cells = row => steps.map(step => {
            let path = '';
            for (let i = 0; i < count; i++) {
                const isIn = bin => bin < count && row.thing.bins[bin] >= step.low && row.thing.bins[bin] <= step.high;
                if (!isIn(i)) continue;
                let end = i + 1;
                while (isIn(end)) end++;
                path += `M${xOf(i)} ${row.top}H${Math.max(xOf(end), xOf(i) + 1)}v${rowHeight - 1}H${xOf(i)}Z`;
                i = end - 1;
            }
            return path && svg('path', { class: step.style, d: path });
        });
        const label = row => left < 100 && row.first !== row.last ? `${row.first}+` : pagesOf(row);
        const drawn = rows.map(row => svg('g', { class: 'page' },
            ...heading(row),
            svg('rect', { class: 'empty', x: left, y: row.top, width: chartWidth - left - right, height: rowHeight - 1 }),
            svg('text', { class: 'gfn', x: left - 8, y: row.top + rowHeight / 2 + 3.5, 'text-anchor': 'end' }, label(row.thing)),
            ...cells(row)));
        chart(at('#pages figure'), headingHeight, rows.at(-1).top + rowHeight, 'Events of pages over time. The table below says the same.', drawn, (bin, y) => {
            const row = rows.find(({ top }) => y >= top && y < top + rowHeight);
            return row ? [`${domainOf(row.thing)} gfn ${pagesOf(row.thing)}`, events(row.thing.bins[bin])] : null;
        });
        at('#pages figure').append(html('div', { class: 'legend' },
            html('span', {}, `Events in ${duration(width)}:`),
            ...steps.map(step => html('span', {}, html('span', { class: `swatch ${step.style}` }), step.low === step.high ? number(step.low) : `${number(step.low)}–${number(step.high)}`))));
    };

    // ---- Totals and tables

    const showTotals = () => {
        const exact = Math.min(1000, Math.max(1, data.duration / 1000));
        const from = `${day(data.start)} ${clock(data.start, exact).replace(/^\d\d-\d\d /, '')}`;
        const end = data.start + data.duration;
        const to = `${day(end) === day(data.start) ? '' : `${day(end)} `}${clock(end, exact).replace(/^\d\d-\d\d /, '')}`;
        at('#span').textContent = data.events === 0 ? 'No event came.' : `${from} to ${to} ${zone()}, ${duration(data.duration)}`;
        const times = data.handlingMicroseconds;
        const busiest = totalBins.indexOf(Math.max(...totalBins));
        const totals = [
            ['Events', number(data.events)],
            data.duration > 0 && ['Events per second', number(data.events * 1000 / data.duration), `at most ${number(peak(totalBins))}, for ${duration(width)} at ${timeOfBin(busiest)}`],
            data.hosts.length > 0 && ['Hosts', data.hosts.some(host => host.name === null) ? `more than ${data.hosts.length - 1}` : number(data.hosts.length)],
            ['Domains', number(data.domains.length), data.domains.length <= 4 ? data.domains.map(domain => domain.name).join(', ') : ''],
            ['vCPUs', data.lanes.some(lane => lane.domain === null) ? `more than ${data.lanes.length - 1}` : number(data.lanes.length)],
            times && ['Answered within', `${number(times.median)} µs`, `median; 99 % ${number(times.p99)}, at most ${number(times.max)} µs`],
            ['Timed out', number(data.timedOut), data.timedOut > 0 ? 'answered by default' : ''],
            data.dropped !== undefined && ['Lost', number(data.dropped), data.losses.map(lossInWords).slice(0, 10).join('; ')],
        ].filter(Boolean);
        at('#totals').replaceChildren(...totals.map(([name, value, more]) =>
            html('div', {}, html('dt', {}, name), html('dd', {}, value, ...(more ? [html('small', {}, more)] : [])))));
    };

    const kindsOf = row => kinds.filter(kind => row.kinds[kind.name]).map(kind => `${kind.name} ${number(sum(row.kinds[kind.name]))}`).join(', ');

    const showTables = () => {
        const [kindTable, domainTable] = all('#kinds .table');
        const mean = events => data.duration > 0 ? number(events * 1000 / data.duration) : '';
        table(kindTable, [
            ['Kind', kind => html('span', {}, html('span', { class: `swatch ${kind.style}` }), kind.name)],
            ['Events', kind => number(kind.events), 'number'],
            ['Share', kind => percent(kind.events, data.events), 'number'],
            ['Per second', kind => mean(kind.events), 'number'],
            ['Peak', kind => number(peak(kind.bins)), 'number'],
        ], kinds);
        table(domainTable, [
            ['Domain', domain => domain.name],
            ['Events', domain => number(domain.events), 'number'],
            ['Share', domain => percent(domain.events, data.events), 'number'],
            ['Per second', domain => mean(domain.events), 'number'],
        ], [...data.domains].sort((a, b) => b.events - a.events));
        table(at('#vcpus .table'), [
            ['Domain', domainOf],
            ['vCPU', lane => lane.domain === null ? 'others' : String(lane.vcpu), 'number'],
            ['Events', lane => number(lane.total), 'number'],
            ['Share', lane => percent(lane.total, data.events), 'number'],
            ['Per second', lane => mean(lane.total), 'number'],
            ['Peak', lane => number(peak(lane.bins)), 'number'],
            ['Kinds', kindsOf],
        ], data.lanes);
    };

    const showHosts = () => table(at('#hosts .table'), [
        ['Host', nameOfHost],
        ['Events', host => number(host.total), 'number'],
        ['Share', host => percent(host.total, data.events), 'number'],
        ['Per second', host => data.duration > 0 ? number(host.total * 1000 / data.duration) : '', 'number'],
        ['Peak', host => number(peak(host.bins)), 'number'],
        ['Critical', host => number(host.critical), 'number'],
        ['Warnings', host => number(host.warnings), 'number'],
        ['Last', host => timeOfBin(host.bins.findLastIndex(events => events > 0)), 'number'],
        ['Kinds', kindsOf],
    ], [...data.hosts].sort((a, b) => b.critical - a.critical || b.warnings - a.warnings || b.total - a.total));

    const showRules = () => table(at('#rules .table'), [
        ['Policy', rule => rule.policy],
        ['Rule', rule => rule.rule],
        ['Severity', rule => rule.severity],
        ['Events', rule => number(rule.events), 'number'],
        ['Share', rule => percent(rule.events, data.events), 'number'],
        ['Answered by the rule', rule => number(rule.answered), 'number'],
    ], data.rules);

    const showPages = () => {
        const pageEvents = sum(data.pages.map(row => row.events));
        table(at('#pages .table'), [
            ['Domain', domainOf],
            ['Pages (gfn)', pagesOf, 'address'],
            ['Events', row => number(row.events), 'number'],
            ['Share', row => percent(row.events, pageEvents), 'number'],
            ['First', row => timeOfBin(row.bins.findIndex(events => events > 0)), 'number'],
            ['Last', row => timeOfBin(row.bins.findLastIndex(events => events > 0)), 'number'],
            [`Most in ${duration(width)}`, row => number(Math.max(...row.bins)), 'number'],
        ], data.pages);
        table(all('#busiest .table')[0], [
            ['Domain', page => page.domain],
            ['Page (gfn)', page => page.gfn, 'address'],
            ['Events', page => number(page.events), 'number'],
            ['', page => bar(page.events, data.busiestPages[0].events), 'share'],
        ], data.busiestPages);
    };

    const showInstructions = () => table(all('#busiest .table')[1], [
        ['Domain', count => count.domain],
        ['Instruction', count => html('span', { class: 'code' }, count.symbol ?? count.address,
            html('small', {}, [count.symbol && count.address, count.instruction].filter(Boolean).join('  ')))],
        ['Events', count => number(count.events), 'number'],
        ['', count => bar(count.events, data.busiestInstructions[0].events), 'share'],
    ], data.busiestInstructions);

    showTotals();
    if (data.events === 0) {
        for (const section of all('section')) section.remove();
        return;
    }
    showTables();
    if (data.hosts.length > 0) showHosts();
    else at('#hosts').remove();
    if (data.rules.length > 0) showRules();
    else at('#rules').remove();
    showInstructions();
    if (data.pages.length > 0) showPages();
    else {
        nothing(at('#pages figure'), 'No event was about a page.');
        at('#pages details').remove();
        nothing(all('#busiest .table')[0], 'No event was about a page.');
    }

    const draw = () => {
        const available = at('#kinds figure').clientWidth;
        if (available === chartWidth || available === 0) return;
        chartWidth = available;
        left = chartWidth < 560 ? 84 : 150;
        drawKinds();
        if (data.hosts.length > 0) drawHosts();
        drawLanes();
        if (data.pages.length > 0) drawPages();
    };
    draw();
    new ResizeObserver(draw).observe(at('#kinds figure'));

    // On paper nobody can open the details.
    addEventListener('beforeprint', () => all('details').forEach(details => { details.open = true; }));
})();
