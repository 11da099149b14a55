"""What was asked for and is under way: it refreshes itself until it is over, and then leads on."""

from __future__ import annotations

from starlette.responses import Response

from hub.service.jobs import Job
from hub.web.call import Call, Refused, problem_of
from hub.web.door import Route


def show(call: Call) -> Response:
    job = call.site.service.jobs.get(call.path("id"))
    if job is None:
        raise Refused(404, "There is no such job any more; the runs show what was done")
    over = job.over.is_set()  # asked once: a job that ends meanwhile is shown as under way, and looked at again
    target = onward(job) if over else ""
    if target and call.partial:
        return Response(status_code=200, headers={"HX-Redirect": target})
    if target and "stay" not in call.request.query_params:
        return call.to(target)
    problem = problem_of(job.error, call.site) if over and job.error is not None else None
    ahead = sum(
        item.state in ("waiting", "running") and int(item.id) < int(job.id) for item in call.site.service.jobs.all()
    )
    template = "job_part.html" if call.partial else "job.html"
    return call.page(template, job=job, over=over, problem=problem, ahead=ahead, back=_back(job))


def onward(job: Job) -> str:
    """Where the outcome of a job is shown."""
    if not job.over.is_set() or job.error is not None:
        return ""
    result = job.result if isinstance(job.result, dict) else {}
    return str(result.get("to", ""))


def _back(job: Job) -> str:
    """Where it was asked for."""
    pages = {
        "resolve": "/conflicts",
        "answer": f"/reviews?id={job.subject}",
        "retry": "/quarantine",
        "reload": "/settings",
        "take_out": f"/records/{job.subject}",
        "undo plan": f"/runs/{job.subject}",
        "undo": f"/runs/{job.subject}/undo",
    }
    return pages.get(job.kind, f"/syncs/{job.subject}")


ROUTES = (Route("/jobs/{id}", show, "viewer"),)
