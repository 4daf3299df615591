#!/usr/bin/env python3
"""Writes a made-up county: about 400 fictitious services, and what partners said of them in eighteen months.

    tools/county/generate.py DIRECTORY [--until YYYY-MM-DD] [--seed N] [--providers N] [--months N]

register.jsonl       the services: type, beds, who commissions them, under which ids partners know them
latest_ratings.csv   the regulator's file of the latest ratings, as it stood when the history begins
history/*.jsonl      one file for each partner's system, in the order in which the county received the events
partners/*           what partners hand over this week, in the formats that they have, with the mappings of their tables
live/*.jsonl         what arrives now, in the order of the names; urgent.jsonl is the report that cannot wait
stories.json         the services whose story is written down, what must come out, and what the files hold

The history ends with the day before --until (default: today). The same arguments give the same bytes.
"""

import argparse
import collections
import datetime
import json
import pathlib
import sys

import concerns
import oddities
import oversight
import partners
import providers
import ratings
from dates import DAY, midnight, months_before
from feeds import Feeds, write_lines
from stories import Teller, all_stories, as_json, services_of

PROVIDERS_MIN = 60


def expected_at_willow_bank(feeds, services):
    """Safeguarding concerns that the node will expect in a year at each bed of a nursing home, as it counts them."""
    homes = {service.number for service in services if service.kind == providers.NURSING}
    latest = {}
    for record in feeds.records:
        if record.service.number in homes and record.occurred > feeds.end - 365 * DAY:
            latest[record.source, record.id] = record
    reports = [record for record in latest.values() if record.kind == "safeguarding_concern_raised"]
    incidents = {record.event.get("incident_key", (record.source, record.id)) for record in reports}
    return len(incidents), sum(service.beds for service in services if service.kind == providers.NURSING)


def fit_willow_bank(feeds, services, stories):
    """Gives Willow Bank the beds at which two and a half concerns a year are expected: six may be chance, not seven."""
    home = next(story.service for story in stories if story.service.slug == "willow-bank")
    concerns_in_year, beds = expected_at_willow_bank(feeds, services)
    others = beds - home.beds
    home.beds = min(range(20, 100), key=lambda size: abs(concerns_in_year * size / (others + size) - 2.5))


def make(until, seed, count, months):
    """Makes the county; gives (services, feeds, live files, stories, outcomes)."""
    start = midnight(months_before(until, months))
    stories = all_stories()
    services = providers.build_services(seed, count, start, services_of(stories))
    ratings.publish(services, seed, start, midnight(until))
    feeds = Feeds(start, midnight(until), seed)
    live = {}
    for story in stories:
        story.tell(Teller(feeds, live, story))
    for service in services:
        ratings.report_events(feeds, service)
        if not service.story:
            concerns.happen(feeds, service)
            oversight.observe(feeds, service)
        elif service.kind == providers.ACUTE:
            concerns.incidents(feeds, service)
            concerns.complaints(feeds, service)
    outcomes = collections.Counter()
    oddities.mishandle(feeds, outcomes)
    oddities.unusable(feeds, services, outcomes)
    oddities.about_nobody(feeds, outcomes)
    fit_willow_bank(feeds, services, stories)
    return services, feeds, live, stories, outcomes


def write(directory, arguments):
    """Makes the county and writes its files."""
    seed = arguments.seed
    services, feeds, live, stories, outcomes = make(arguments.until, seed, arguments.providers, arguments.months)
    directory.mkdir(parents=True, exist_ok=True)
    register = providers.registrations(services, feeds.start)
    write_lines(directory / "register.jsonl", register)
    files = {"register.jsonl": len(register)}
    file = directory / "latest_ratings.csv"
    files[file.name], ratings_read = ratings.write_file(file, services, seed, feeds.start)
    files.update(feeds.write(directory / "history"))
    (directory / "live").mkdir(exist_ok=True)
    for name, events in sorted(live.items()):
        write_lines(directory / "live" / name, events)
        files[f"live/{name}"] = len(events)
    handed_over = partners.hand_over(directory / "partners", services, feeds)
    outcomes["accepted"] = len(register) + ratings_read + len(feeds.records) - sum(outcomes.values())
    about = {
        "until": arguments.until.isoformat(),
        "seed": seed,
        "months": arguments.months,
        "services": len(services),
        "covered": sum(service.covered for service in services),
        "files": files,
        "events": dict(sorted(collections.Counter(record.kind for record in feeds.records).items())),
        "partners": handed_over,
        "backfill": dict(sorted(outcomes.items())),
        "stories": as_json(stories),
    }
    (directory / "stories.json").write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    parser.add_argument("--until", type=datetime.date.fromisoformat, default=today)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--providers", type=int, default=400)
    parser.add_argument("--months", type=int, default=18)
    arguments = parser.parse_args()
    if arguments.providers < PROVIDERS_MIN:
        parser.error(f"--providers: at least {PROVIDERS_MIN}, or the stories have no peers")
    if arguments.months < 14:
        parser.error("--months: at least 14, or the stories do not fit")
    if any(arguments.directory.glob("*/*.jsonl")) and not (arguments.directory / "stories.json").exists():
        sys.exit(f"{arguments.directory} holds something else; choose an empty directory")
    write(arguments.directory, arguments)


if __name__ == "__main__":
    main()
