//! The further pages of a sub-menu: the templates of new disposables, and the question before a risky command. Pure.

use device_core::device::Device;
use device_core::qube::Qube;

use super::device_row::chip;
use super::entry::{
    GroupKind, Item, ItemAction, ItemKey, Items, Mark, Page, SubView, entry, group, guarded, has_words,
    message, qube_item, send_to_new,
};
use super::risk::Risks;
use crate::scene::{Command, Scene, Wish};
use crate::strings;

/// The templates that a new disposable for the device can be based on.
pub(super) fn disposables(scene: &Scene, device: &Device, view: &SubView) -> Vec<Items> {
    let back = entry(ItemKey::Back, strings::back(), ItemAction::Turn(Page::Targets));
    let risks = Risks::of(&scene.machine, device);
    let rows = disposable_templates(scene)
        .filter(|template| has_words(template.name.as_str(), &view.filter))
        .map(|template| {
            let name = template.name.as_str();
            let command = send_to_new(device, &template.name, view);
            let spoken = match command {
                Command::MoveToNewDisposable(..) => strings::say_move_new(name),
                _ => strings::say_new_disposable(name),
            };
            let item = qube_item(scene, &template.name, guarded(scene, &risks, command));
            Item { key: ItemKey::Template(template.name.clone()), spoken, ..item }
        })
        .collect();
    vec![
        group(GroupKind::Message, None, vec![Item { mark: Mark::Back, ..back }]),
        group(GroupKind::Targets, Some(strings::new_disposable()), rows),
    ]
}

/// The question, then the way out, then the way on: Enter right after it appears changes nothing. `None` = there is
/// nothing to ask about.
pub(super) fn confirm(scene: &Scene, device: &Device, command: &Command) -> Option<Vec<Items>> {
    let qube = command.qube();
    let risks = Risks::of(&scene.machine, device);
    let (question, go_on) = match command {
        Command::Move(..) => (risks.sentence(qube), strings::go_on_move(qube.as_str())),
        Command::AttachToNewDisposable(..) => (risks.sentence_of_new(qube), strings::go_on_attach_new()),
        Command::MoveToNewDisposable(..) => (risks.sentence_of_new(qube), strings::go_on_move_new()),
        _ => (risks.sentence(qube), strings::go_on_attach(qube.as_str())),
    };
    let question = message(question?);
    Some(vec![
        group(GroupKind::Message, None, vec![Item { key: ItemKey::Question, ..question }]),
        group(
            GroupKind::Targets,
            None,
            vec![
                entry(ItemKey::Back, strings::cancel(), ItemAction::Turn(Page::Targets)),
                Item {
                    dot: Some(chip(&scene.machine, qube)),
                    ..entry(ItemKey::GoOn, go_on, ItemAction::Wish(Wish::Do(command.clone())))
                },
            ],
        ),
    ])
}

/// Every template of disposables that a person may use.
pub(super) fn disposable_templates(scene: &Scene) -> impl Iterator<Item = &Qube> {
    scene.machine.qubes.values().map(AsRef::as_ref).filter(|qube| {
        let shows_internal = scene.preferences.shows_internal;
        qube.details
            .as_ref()
            .is_some_and(|details| details.is_disposable_template && (!details.is_internal || shows_internal))
    })
}
