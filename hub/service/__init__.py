"""``crmhub serve``: what runs unattended.

Decisions are pure: ``times`` (when), ``timetable`` (what is due), ``circuits`` (which system is left alone for a while),
``alarms`` (what people are told), ``lease`` (which process serves).  ``scheduler`` carries them out, ``process`` starts
and stops everything.
"""
