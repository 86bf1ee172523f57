from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('enrollment', '0003_deviations'),
    ]

    operations = [
        migrations.RenameField(
            model_name='deviation',
            old_name='explanation',
            new_name='why',
        ),
        migrations.RenameField(
            model_name='withdrawal',
            old_name='reason',
            new_name='reason_given',
        ),
    ]
