"""Pages: one module per room (`members.py`, `targets.py`, `subsidies.py`), each with a `router`.

Add the module to `PAGES` in `frontend/app.py`; that mounts its router behind sign-in and CSRF. Templates stand in
`templates/<room>/`; a fragment's name begins with `_` and its page includes it. Pages know the gateway's API only.

A list page. The template is two lines of blocks around `{% include "_table.html" %}`:

    MEMBERS = Table(
        id="members", path="/members", caption="成员单位", default_sort="name", export="/members/export",
        columns=(Column("name", "名称", sort="name", link="/members/{id}", wide=True),
                 Column("category", "类别", labels=CATEGORIES), Column("status", "状态", "status")),
        filters=(Filter("q", "名称"), Filter("category", "类别", "select", tuple(CATEGORIES.items()))),
        actions=(Action("新增", "/members/new", primary=True),),
    )

    @router.get("/members")
    async def members(request: Request, gateway: Gateway) -> Response:
        answer = await gateway.get("/api/registry/v1/members", MEMBERS.params(request))
        table = MEMBERS.view(request, answer.data)
        return page_or_fragment(request, "members/list.html", "_table.html", {"table": table})

A form page. `_form.html` is `{% call form_shell(form, "/members/new", "member-form") %} fields {% endcall %}`:

    @router.get("/members/new")
    async def new_member(request: Request) -> Response:
        return page_or_fragment(request, "members/new.html", "members/_form.html", {"form": Form.of(request)})

    @router.post("/members/new")
    async def create_member(request: Request, gateway: Gateway) -> Response:
        values = await submitted(request)
        try:
            answer = await gateway.post("/api/registry/v1/members", payload(values, "name", "uscc"),
                                        idempotency_key=values.get("idempotency_key"))
        except ApiProblem as problem:
            if problem.status != 422:
                raise  # the error page says what and why, and htmx keeps the form as it is
            form = Form.refused(request, values, problem)
            return page_or_fragment(request, "members/new.html", "members/_form.html", {"form": form}, status=422)
        return redirect(request, f"/members/{answer.data['id']}", toast="已新增成员单位。")

An edit passes `etag=answer.etag` to `Form.of` and `if_match=values["etag"]` to `gateway.put`.

A job page. A 202 names the job in `Location`; the page shows `{{ job_progress(job, "subsidies", then="/…") }}`, which
polls `/jobs/subsidies/<id>` until the job ends and then fires the browser event `hub:job-done`:

    answer = await gateway.upload("/api/subsidies/v1/roster-imports", file.file, filename=file.filename or "名册.xlsx")
    job = (await gateway.get(answer.location)).data

A download is `return await gateway.download("/api/…/payment-table")`.
"""
