"""The HTTP door: requests in, pages and JSON out.

Belongs here: routes, forms, cookies, headers, templates, files and words. Does not belong here:
any rule (`domain`, `actions`) and any query (`screens` reads, `actions` changes). May call
domain, actions, screens, reports, events, hall, settings and resources; never storage.
"""
