"""Campaign plans in the making and made: one at a time in a thread of its own, the last few kept for their downloads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from affinity.contexts import Shop
from affinity.errors import AffinityError
from affinity.prospecting import plan_shop
from affinity.release import Release
from affinity.release_shop import open_shop
from affinity.settings import CampaignSettings
from affinity.tables import CampaignPlan

#: Plans kept, and the rows that they hold together, at most; the one not asked for longest goes first.
MOST_KEPT, MOST_ROWS = 8, 2_000_000
#: Plans that may wait for their turn.
MOST_WAITING = 4


@dataclass(eq=False)
class Job:
    """A plan in the making. doing : in words; plan : when it is there; trouble : why there will be none"""

    id: str
    doing: str = "Waiting for the plan before it."
    plan: CampaignPlan | None = None
    trouble: AffinityError | None = None
    over: threading.Event = field(default_factory=threading.Event)


class Planner:
    """Makes the plans of a server, one after the other."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._shop: tuple[str, Shop] | None = None

    def ask(self, job_id: str, release: Release, settings: CampaignSettings) -> Job | None:
        """The job of a plan, begun if there is none yet; None where too many wait already."""
        return self._begin(job_id, lambda job: self._plan(job, release, settings))

    def find(self, job_id: str) -> CampaignPlan | None:
        """A plan that was made and is still kept."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None:
                self._jobs.move_to_end(job_id)
            return None if job is None else job.plan

    def _begin(self, job_id: str, work: Callable[[Job], CampaignPlan]) -> Job | None:
        with self._lock:
            if job_id in self._jobs:
                self._jobs.move_to_end(job_id)
                return self._jobs[job_id]
            if sum(not job.over.is_set() for job in self._jobs.values()) > MOST_WAITING:
                return None
            job = self._jobs[job_id] = Job(job_id)
        threading.Thread(target=self._run, args=(job, work), name="campaign planner", daemon=True).start()
        return job

    def _run(self, job: Job, work: Callable[[Job], CampaignPlan]) -> None:
        with self._turn:
            try:
                job.plan = work(job)
            except AffinityError as error:
                job.trouble = error
            except Exception:
                job.trouble = AffinityError("The plan failed.", do="Try other settings, and tell whoever runs the server.")
                raise  # the server's log says where
            finally:
                job.over.set()
                self._forget()

    def _plan(self, job: Job, release: Release, settings: CampaignSettings) -> CampaignPlan:
        if self._shop is None or self._shop[0] != release.id:
            job.doing, self._shop = "Opening the customers of the release.", None
            self._shop = release.id, open_shop(release)
        job.doing = "Scoring customers and choosing offers."
        return plan_shop(self._shop[1], settings, source=f"release {release.id}")

    def _forget(self) -> None:
        """Let go of the oldest plans that are over until few are kept; one that failed is not kept longer than others."""
        with self._lock:
            over = [job for job in self._jobs.values() if job.over.is_set()]
            rows = sum(_rows(job) for job in over)
            while len(over) > MOST_KEPT or (rows > MOST_ROWS and len(over) > 1):
                oldest = over.pop(0)
                rows -= _rows(oldest)
                del self._jobs[oldest.id]


def _rows(job: Job) -> int:
    return 0 if job.plan is None else len(job.plan)
