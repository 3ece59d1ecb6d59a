"""Compañías: the firms that contacts belong to.

Owns: the section. Must not: know contacts beyond counting them.
"""

from typing import Any

from flask_babel import lazy_gettext as _l
from peewee import fn

from admin.base_view import SectionView
from admin.folding import folded
from admin.listing import Column, Page
from admin.section_forms import SectionForm, Text
from models.checks import Checked, check_company
from models.tables import Company, Contact


class CompanyForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    description = Text(_l("Descripción"), attributes={"maxlength": 500})
    address = Text(_l("Dirección"), attributes={"maxlength": 300})
    phone = Text(_l("Teléfono"), attributes={"maxlength": 40, "inputmode": "tel"})
    email = Text(_l("Email"), attributes={"maxlength": 254, "inputmode": "email"})


class Companies(SectionView):
    slug = "companias"
    endpoint_name = "companies"
    label = _l("Compañías")
    singular = _l("Compañía")
    add_label = _l("Crear Compañía")
    icon = "companies"
    table = Company
    note = _l("Aquí van las empresas de tus contactos. Crea la primera con el formulario de arriba.")
    form_class = CompanyForm
    row_form = CompanyForm
    create_on_list = True
    searched = (Company.name, Company.description, Company.address, Company.phone, Company.email)
    order = (folded(Company.name),)
    columns = (
        Column("name", _l("Nombre"), (folded(Company.name),)),
        Column("description", _l("Descripción"), (folded(Company.description),)),
        Column("address", _l("Dirección"), (folded(Company.address),)),
        Column("phone", _l("Teléfono"), (Company.phone,), "nowrap"),
        Column("email", _l("Email"), (folded(Company.email),)),
        Column("contacts", _l("Contactos"), (), "number"),
    )
    list_page = "sections/companies.html"

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_company(form.typed(), row)

    def list_extras(self, page: Page) -> dict[str, Any]:
        keys = [row.id for row in page.rows]
        counted = Contact.select(Contact.company, fn.COUNT(Contact.id)).where(Contact.company.in_(keys))
        return {"contacts": dict(counted.group_by(Contact.company).tuples())}

    def csv_columns(self) -> Any:
        return (
            (_l("Nombre"), lambda row: row.name),
            (_l("Descripción"), lambda row: row.description),
            (_l("Dirección"), lambda row: row.address),
            (_l("Teléfono"), lambda row: row.phone),
            (_l("Email"), lambda row: row.email),
        )
